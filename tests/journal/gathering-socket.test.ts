import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { GatheringSocket } from '../../src/journal/gathering-socket.ts';

/** Counts what goes to the system. */
class Counted extends GatheringSocket {
  sent = 0;
  override _writev(...piece: unknown[]): void {
    this.sent += 1;
    Reflect.apply(super._writev!, this, piece);
  }
  override _write(...piece: unknown[]): void {
    this.sent += 1;
    Reflect.apply(super._write, this, piece);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('sends the statements of one turn in one piece, in their order, and those of the next in another', async () => {
  const heard: Buffer[] = [];
  const server = createServer((socket) => socket.on('data', (piece: Buffer) => heard.push(piece)));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const socket = new Counted();
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const say = (statement: string) => {
    socket.cork();
    for (const piece of statement) socket.write(piece);
    socket.uncork();
  };
  say('first ');
  await Promise.resolve();
  say('second ');
  expect(socket.sent).toBe(0);
  await turn();
  expect(socket.sent).toBe(1);
  say('third ');
  await turn();
  expect(socket.sent).toBe(2);
  say('last');
  socket.end();
  await once(socket, 'close');
  await new Promise((resolve) => server.close(resolve));
  expect(Buffer.concat(heard).toString()).toBe('first second third last');
});
