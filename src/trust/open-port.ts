import type { AddressInfo, Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/**
 * Lets a server listen, plain or with TLS; resolves with its URL, without a slash at its end. `port` 0 is any free one.
 * Rejects with the system's error where it cannot.
 */
export async function openPort(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return `${server instanceof TlsServer ? 'https' : 'http'}://${shown}:${taken}`;
}
