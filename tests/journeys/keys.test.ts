import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { instantAt } from '../../src/contract/dates.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { qiao } from '../cli/command-line.ts';
import { getJson, type Journey, openJourney } from './federation.ts';
import { verifyJournal } from './verify-journal.ts';

interface TrustView {
  readonly version: number;
  readonly entries: readonly { readonly participant: string; readonly kid: string; readonly status: string }[];
  readonly refused: unknown;
}

const folder = mkdtempSync(join(tmpdir(), 'qiao-rotation-'));
let journey: Journey;
let serial = 20_000;
beforeAll(async () => {
  journey = await openJourney({
    keysFolder: folder,
    limits: { trustPollMs: 200, pollIntervalMs: 200, retryCapMs: 1_000 },
  });
});
afterAll(async () => {
  await journey.close();
  rmSync(folder, { recursive: true, force: true });
});

const publish = (home: Exchange) => {
  const listing = sampleListing(home, ++serial, journey.clock.nowMs(), {});
  journey.mocks[home].desk.publish(listing);
  return listing.number;
};
const mirrored = (at: Exchange, number: string) =>
  [...journey.mocks[at].book.received.values()].some((one) => JSON.stringify(one).includes(number));

/** Both operators, at the store the running gateway reads; `at` is what their clocks show. */
async function byTwo(line: string, at: string): Promise<void> {
  const run = async (argv: readonly string[]) => {
    const { exit, stdout, stderr } = await qiao(['certs', ...argv, '--store', journey.keys.root], { at });
    expect([argv[0], exit, stderr]).toEqual([argv[0], 0, '']);
    return stdout.toString('utf8');
  };
  const asked = await run([...line.split(' '), '--operator', 'demo-a']);
  const word = (name: string) => new RegExp(`${name}\\s+(.+)`).exec(asked)?.[1] ?? '';
  const print = word('fingerprint').replaceAll(' ', '');
  await run(['approve', word('pending'), '--operator', 'demo-b', ...(print === '' ? [] : ['--fingerprint', print])]);
}

const messagesOf = async (issuer: Exchange) =>
  (
    await journey.gateway.database.query<{ envelope: Buffer; recorded_at: Date }>(
      'select envelope, recorded_at from message where issuer = $1 order by no',
      [issuer],
    )
  ).rows.map(({ envelope, recorded_at }) => ({
    kid: /"kid":"([^"]+)"/.exec(protectedOf(envelope))?.[1] ?? '',
    envelope,
    atMs: recorded_at.getTime(),
  }));
const protectedOf = (envelope: Buffer) => {
  const jws = JSON.parse(envelope.toString('utf8')) as { signatures: { protected: string }[] };
  return jws.signatures.map((one) => Buffer.from(one.protected, 'base64url').toString('utf8')).join();
};
const until = async (holds: () => boolean | Promise<boolean>, limitMs = 240_000) => {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

it('a key rotates in the middle of a flood: not one message is refused, each is signed by the key of its instant', async () => {
  const [old] = journey.keys.envelopeSigners('ctex');
  // The operators published the successor the day before; it begins while messages flow, however fast they do.
  const beginsMs = Math.ceil(journey.clock.nowMs() / 1000) * 1000 + 120_000;
  const yesterday = instantAt(beginsMs - 24 * 3_600_000 - 60_000);
  const { version } = await getJson<TrustView>(journey, '/v1/trust');
  await byTwo(`rotate ctex --use envelope --from ${instantAt(beginsMs)}`, yesterday);
  await until(async () => (await getJson<TrustView>(journey, '/v1/trust')).version > version);
  const numbers: string[] = [];
  const said = async () => (await messagesOf('ctex')).filter(({ envelope }) => envelope.length > 0);
  const before = async () => (await said()).filter(({ atMs }) => atMs < beginsMs);
  const since = async () => (await said()).filter(({ atMs }) => atMs >= beginsMs);
  // Never many on their way at once: to the clock that is put forward meanwhile, all of them would look old.
  const flood = async (enough: () => Promise<boolean>, stepMs: number) => {
    await until(async () => {
      if (numbers.length - (await said()).length < 4) {
        numbers.push(publish('ctex'));
        journey.clock.advance(stepMs);
      }
      return await enough();
    });
  };
  await flood(async () => (await before()).length > 5, 0);
  await flood(async () => journey.clock.nowMs() >= beginsMs, 4_000);
  await flood(async () => (await since()).length > 5, 0);
  await journey.settle();
  const [next] = journey.keys.envelopeSigners('ctex');
  expect(next!.kid).not.toBe(old!.kid);
  expect(new Set((await before()).map(({ kid }) => kid))).toEqual(new Set([old!.kid]));
  expect(new Set((await since()).map(({ kid }) => kid))).toEqual(new Set([next!.kid]));

  for (const number of numbers)
    for (const host of ['stex', 'szse'] as const)
      expect([host, number, mirrored(host, number)]).toEqual([host, number, true]);
  expect(journey.errors).toEqual([]);
  for (const { book } of Object.values(journey.mocks)) expect(book.turnedDown).toEqual([]);
  const { rows } = await journey.gateway.database.query<{ count: bigint }>('select count(*) from refusal');
  expect(rows[0]!.count).toBe(0n);
  await verifyJournal(journey);

  // While both are valid, so is what either signed; a week later only the new one signs.
  const week = beginsMs + 8 * 24 * 3_600_000;
  expect(journey.keys.trust.validAt(old!.kid, beginsMs + 3_600_000)).toBeDefined();
  expect([old, next].map((signer) => journey.keys.trust.validAt(signer!.kid, week) !== undefined)).toEqual([
    false,
    true,
  ]);
});

it('a revoked key signs and proves nothing more within five seconds, on a running gateway; others are not held up', async () => {
  const [{ kid } = { kid: '' }] = journey.keys.envelopeSigners('szse');
  const first = publish('szse');
  await journey.settle();
  const messages = await messagesOf('szse');
  const { version } = await getJson<TrustView>(journey, '/v1/trust');

  const revokedAt = instantAt(Math.ceil(journey.clock.nowMs() / 1000) * 1000);
  await byTwo(`revoke ${kid} --reason keyCompromise`, revokedAt);
  const began = performance.now();
  await until(async () => (await getJson<TrustView>(journey, '/v1/trust')).version === version + 1);
  expect(performance.now() - began).toBeLessThan(5_000);
  const shown = await getJson<TrustView>(journey, '/v1/trust');
  expect(shown.entries.find((entry) => entry.kid === kid)).toMatchObject({ participant: 'szse', status: 'revoked' });

  await until(() => journey.clock.nowMs() >= Date.parse(revokedAt));
  expect(() => journey.keys.envelopeSigners('szse')).toThrow(/revoked/);
  const { envelope, atMs } = messages.at(-1)!;
  expect(verifyEnvelope(envelope, journey.keys.trust, { atMs })).toMatchObject({ ok: true });
  const later = { atMs: Date.parse(revokedAt) + 1 };
  expect(verifyEnvelope(envelope, journey.keys.trust, later)).toMatchObject({ ok: false, code: 'key-revoked' });

  // What szse says now waits, loudly; what the others say to each other goes on.
  const stopped = publish('szse');
  const other = publish('ctex');
  await until(() => mirrored('stex', other));
  await until(() => journey.errors.some((line) => line.includes('revoked')));
  expect([mirrored('ctex', stopped), mirrored('ctex', first)]).toEqual([false, true]);
  expect((await messagesOf('szse')).length).toBe(messages.length);

  // With a new key, which may begin at once because no valid one is left, it is said after all.
  await byTwo('rotate szse --use envelope', instantAt(Math.ceil(journey.clock.nowMs() / 1000) * 1000));
  await until(() => mirrored('ctex', stopped) && mirrored('szse', other));
  await journey.settle();
  expect((await messagesOf('szse')).at(-1)!.kid).not.toBe(kid);
  await verifyJournal(journey);
});
