import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '../support/processes.ts';
import { type FaultProxy, openFaultProxy } from './proxy.ts';
import { randomFrom } from './random.ts';

const SEED = Number(process.env.QIAO_SEED ?? Math.floor(Math.random() * 2 ** 31));

let server: Server;
let line: FaultProxy;
/** What the far end has heard in all. */
let heard: Buffer[] = [];
let isThere = true;
const far = new Set<Socket>();

beforeEach(async () => {
  heard = [];
  isThere = true;
  // An echo: whatever comes in goes back.
  server = createServer((socket) => {
    far.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => far.delete(socket));
    socket.on('data', (chunk) => {
      heard.push(chunk);
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  line = await openFaultProxy(() => (isThere ? { host: '127.0.0.1', port } : undefined), randomFrom(SEED));
});
afterEach(async () => {
  await line.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

interface Caller {
  readonly socket: Socket;
  said(): Buffer;
  /** How it ended, if it has. */
  ending(): 'reset' | 'closed' | undefined;
}

function call(): Caller {
  const chunks: Buffer[] = [];
  let ending: 'reset' | 'closed' | undefined;
  const socket = connect(line.port, '127.0.0.1');
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {
    ending = 'reset';
  });
  socket.once('close', () => {
    ending ??= 'closed';
  });
  return { socket, said: () => Buffer.concat(chunks), ending: () => ending };
}

/** Bytes that repeat nowhere, so that a piece lost, doubled or moved would show. */
function bytesOf(size: number): Buffer {
  const out = Buffer.alloc(size);
  for (let at = 0; at < size; at += 32) createHash('sha256').update(`${SEED} ${at}`).digest().copy(out, at);
  return out;
}

const size = () => Buffer.concat(heard).length;

describe(`the fault proxy (QIAO_SEED=${SEED})`, () => {
  it('carries bytes both ways unchanged and in order, and the end of each direction', async () => {
    const caller = call();
    const sent = bytesOf(1_000_000);
    caller.socket.end(sent);
    await until(() => caller.ending() !== undefined);
    expect(caller.said().equals(sent)).toBe(true);
    expect(Buffer.concat(heard).equals(sent)).toBe(true);
    expect(caller.ending()).toBe('closed');
    expect(line.connections).toBe(0);
  });

  it('cut: what stands is reset, nobody is let through, and once mended new connections are', async () => {
    const before = call();
    before.socket.write('before');
    await until(() => before.said().length === 6);
    line.set({ kind: 'cut' });
    await until(() => before.ending() === 'reset');
    const during = call();
    during.socket.write('during');
    await until(() => during.ending() !== undefined);
    expect(Buffer.concat(heard).toString()).toBe('before');
    line.set(undefined);
    const after = call();
    after.socket.write('after');
    await until(() => after.said().toString() === 'after');
    after.socket.destroy();
  });

  it('half-open: connections stand and nothing arrives; what lost bytes does not live on as if it had not', async () => {
    const before = call();
    before.socket.write('before');
    await until(() => before.said().length === 6);
    line.set({ kind: 'half-open' });
    before.socket.write('swallowed');
    const during = call();
    await new Promise<void>((resolve) => during.socket.once('connect', () => resolve()));
    during.socket.write('swallowed');
    // Nothing to wait for: another pair of processes has exchanged bytes meanwhile.
    await echoed(`ping ${SEED}`);
    expect(before.ending()).toBeUndefined();
    expect(during.ending()).toBeUndefined();
    expect(Buffer.concat(heard).toString()).toBe('before');
    line.set(undefined);
    await until(() => before.ending() !== undefined && during.ending() !== undefined);
    expect(Buffer.concat(heard).toString()).toBe('before');
  });

  it.each([
    ['slow', { kind: 'slow', ms: 20 }],
    ['drip', { kind: 'drip', bytes: 7, ms: 1 }],
  ] as const)('%s: late, in pieces, and every byte once and in its place', async (_, fault) => {
    line.set(fault);
    const caller = call();
    const sent = bytesOf(600);
    caller.socket.end(sent);
    await until(() => caller.ending() !== undefined);
    expect(caller.said().equals(sent)).toBe(true);
  });

  it('drip: what is left when the fault ends goes at once, and whole', async () => {
    line.set({ kind: 'drip', bytes: 1, ms: 5 });
    const caller = call();
    const sent = bytesOf(200_000);
    caller.socket.end(sent);
    await until(() => size() > 3);
    expect(size()).toBeLessThan(sent.length);
    line.set(undefined);
    await until(() => caller.ending() !== undefined);
    expect(caller.said().equals(sent)).toBe(true);
  });

  it('an answer lost: the far end has it all, the caller nothing, once', async () => {
    line.loseNextAnswer();
    const caller = call();
    caller.socket.write('done?');
    await until(() => caller.ending() === 'reset');
    expect(Buffer.concat(heard).toString()).toBe('done?');
    expect(caller.said()).toHaveLength(0);
    const again = call();
    again.socket.write('again');
    await until(() => again.said().toString() === 'again');
    again.socket.destroy();
  });

  it('nobody there: the connection is reset, and later ones are let through again', async () => {
    isThere = false;
    const caller = call();
    await until(() => caller.ending() !== undefined);
    isThere = true;
    const later = call();
    later.socket.write('later');
    await until(() => later.said().toString() === 'later');
    later.socket.destroy();
  });

  it('a caller that takes nothing does not keep the proxy from closing, whatever is still on its way', async () => {
    const caller = call();
    caller.socket.pause();
    caller.socket.write(bytesOf(8_000_000));
    await until(() => size() > 0);
    line.reset();
    await until(() => line.connections === 0);
  });
});

/** Two ends of our own: time has passed for the system, however fast or slow it is. */
async function echoed(text: string): Promise<void> {
  const own = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  const { port } = own.address() as { port: number };
  for (let turn = 0; turn < 20; turn += 1) {
    const socket = connect(port, '127.0.0.1');
    const back = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
    socket.write(text);
    expect(await back).toBe(text);
    socket.destroy();
  }
  await new Promise<void>((resolve) => own.close(() => resolve()));
}
