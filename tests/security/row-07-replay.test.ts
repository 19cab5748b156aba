import { exchanges } from '../../src/contract/exchange.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { forgetKeys, type Journey, openJourney } from '../journeys/federation.ts';
import { openPusher, type Pusher, projectEvent, reasonsOf } from './pushing.ts';

/** Threat 7: what was overheard is sent again, at once, later, or to somebody it was not meant for. */

const DAY = 86_400_000;
let journey: Journey;
let ctex: Pusher;
beforeAll(async () => {
  journey = await openJourney({ limits: { pollIntervalMs: 50, outboxPollMs: 20 } });
  ctex = openPusher(journey);
});
afterAll(async () => {
  ctex.close();
  await journey.close();
  forgetKeys();
});

const effects = async () => {
  await journey.settle();
  const { rows } = await journey.gateway.database.query(
    'select (select count(*) from message) as m, (select count(*) from delivery) as d',
  );
  return JSON.stringify(
    [rows, exchanges.map((exchange) => [...journey.mocks[exchange].book.effects]).map(String)],
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  );
};

test('an overheard request sent again, within the window, after it and a day later, has no effect and is told apart from a repeat', async () => {
  const push = ctex.sign(projectEvent('R1'));
  expect(await ctex.send(push)).toMatchObject({ code: '0000' });
  const done = await effects();
  // At once, and at the very end of the window: the nonce was used.
  for (const ahead of [0, 1_000, 290_000]) {
    journey.clock.advance(ahead);
    const again = await ctex.send(push);
    expect([again.code, reasonsOf(again)]).toEqual(['1003', ['replayed']]);
  }
  // After the window nonces need not be remembered: the time stamp is too old.
  for (const ahead of [20_000, DAY]) {
    journey.clock.advance(ahead);
    const again = await ctex.send(push);
    expect([again.code, reasonsOf(again)]).toEqual(['1003', ['stale']]);
  }
  expect(await effects()).toBe(done);

  // CTEX itself, which had no answer, signs the same event anew: told as before, done once.
  const repeat = await ctex.send(ctex.sign(projectEvent('R1')));
  expect(repeat.code).toBe('0000');
  expect(await effects()).toBe(done);
});

test('a fresh nonce, time or path in front of the old signature is no fresh request', async () => {
  const push = ctex.sign(projectEvent('R2'));
  const headers = [
    { 'x-nonce': 'f'.repeat(32) },
    { 'x-timestamp': String(journey.clock.nowMs() + 1) },
    { 'x-nonce': push.headers['x-nonce']!.toUpperCase().replace(/^./, 'F') },
  ];
  for (const change of headers) {
    const answer = await ctex.send({ ...push, headers: { ...push.headers, ...change } });
    expect([answer.code, reasonsOf(answer)]).toEqual(['1002', ['bad-signature']]);
  }
  expect((await ctex.send({ ...push, path: `${push.path}?x=1` })).code).toBe('1002');
  // The request itself was never used up by all that.
  expect(await ctex.send(push)).toMatchObject({ code: '0000' });
});

test('two copies that race each other are one request', async () => {
  const push = ctex.sign(projectEvent('R3'));
  const answers = await Promise.all(Array.from({ length: 8 }, () => ctex.send(push)));
  expect(answers.map(({ code }) => code).sort()).toEqual(['0000', ...Array(7).fill('1003')]);
});

test('what ctex said cannot be said by another exchange, nor through its door', async () => {
  const push = ctex.sign(projectEvent('R4'));
  const stex = openPusher(journey, 'stex');
  await expect(stex.send(push)).rejects.toThrow();
  stex.close();
  const readdressed = await ctex.send({ ...push, path: '/exchanges/stex/notify' });
  expect(readdressed.status).toBe(404);
});

test('an envelope for one exchange is not taken by another, nor under another’s name', async () => {
  await journey.settle();
  const { rows } = await journey.gateway.database.query<{ envelope: Buffer; recorded_at: Date }>(
    `select envelope, recorded_at from message where issuer = 'ctex' and kind = 'listing' limit 1`,
  );
  const [{ envelope, recorded_at } = assertion()] = rows;
  const at = { atMs: recorded_at.getTime() };
  const read = verifyEnvelope(envelope, journey.keys.trust, at);
  if (!read.ok) throw new Error(read.code);
  for (const audience of exchanges) {
    const meant = read.header.aud.includes(audience);
    const judged = verifyEnvelope(envelope, journey.keys.trust, { ...at, audience });
    expect(judged).toMatchObject(meant ? { ok: true } : { ok: false, code: 'audience-mismatch' });
  }
  const jws = JSON.parse(envelope.toString()) as { signatures: { protected: string }[] };
  const header = JSON.parse(Buffer.from(jws.signatures[0]!.protected, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...header, aud: ['ctex', 'stex', 'szse'] })).toString('base64url');
  const forged = { ...jws, signatures: jws.signatures.map((one) => ({ ...one, protected: changed })) };
  expect(verifyEnvelope(Buffer.from(JSON.stringify(forged)), journey.keys.trust, at)).toMatchObject({ ok: false });
});

function assertion(): never {
  throw new Error('no listing of ctex in the journal');
}
