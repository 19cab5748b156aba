import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A port that leads to another one, which may change: to clients a server that is started anew is where it was. */
export interface Forwarder {
  readonly port: number;
  leadTo(port: number): void;
  /** Ends every connection and lets none through, until it is mended. */
  cut(isCut: boolean): void;
  close(): Promise<void>;
}

export async function openForwarder(to: number): Promise<Forwarder> {
  let target = to;
  let isClosed = false;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    if (isClosed) {
      client.destroy();
      return;
    }
    const beyond = connect({ host: '127.0.0.1', port: target });
    for (const [one, other] of [
      [client, beyond],
      [beyond, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port) => {
      target = port;
    },
    cut: (isCut) => {
      isClosed = isCut;
      if (isCut) for (const socket of open) socket.destroy();
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
