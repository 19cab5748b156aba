import type { AddressInfo, Server } from 'node:net';
import type { MockPorts } from '../src/contract/mock.ts';

/** Opens a mock's server at that port of 127.0.0.1 (0: any), or on the network it was given. Gives the port. */
export async function listenOn(server: Server, port: number, { network }: MockPorts): Promise<number> {
  if (network !== undefined) return network.listen(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
