import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { closeAgents, openAgents } from '../../adapters/agents.ts';
import { request } from '../../adapters/request.ts';
import { inTime } from '../../src/relay/pause.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let server: Server;
let url: string;
const agents = openAgents(undefined, 4);
beforeAll(async () => {
  // A line that has gone dead: it takes every request and answers none.
  server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  closeAgents(agents);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const asked = (stop: AbortSignal, timeoutMs: number) =>
  request(agents, { method: 'GET', url, headers: {}, maxBytes: 1000, timeoutMs, stop });

/** Garbage is collected as long as the work is under way. */
async function amidGarbage(work: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  work.then(end, end);
  while (!isOver) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a request that is never answered ends in time, however often garbage is collected meanwhile', async () => {
  const requests = Array.from({ length: 4 }, () => asked(new AbortController().signal, 200));
  await Promise.all(requests.map(amidGarbage));
  for (const one of requests) await expect(one).rejects.toMatchObject({ code: 'ERR_CANCELED' });
});

test('the same holds for what is asked of a witness', async () => {
  const { signal: ended } = new AbortController();
  const asked = inTime(200, ended, (limit) => new Promise((resolve) => limit.addEventListener('abort', resolve)));
  await amidGarbage(asked);
  await expect(asked).resolves.toBeDefined();
});

test('whoever stops ends it at once, before and after it has begun', async () => {
  const stop = new AbortController();
  const begun = asked(stop.signal, 60_000);
  stop.abort();
  await expect(begun).rejects.toMatchObject({ code: 'ERR_CANCELED' });
  await expect(asked(stop.signal, 60_000)).rejects.toMatchObject({ code: 'ERR_CANCELED' });
  await expect(inTime(60_000, stop.signal, async (limit) => limit.aborted)).resolves.toBe(true);
});
