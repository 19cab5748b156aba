import { randomUUID } from 'node:crypto';
import type { Actor } from '../../../src/access/actor.ts';
import { keepAttachment, readAttachment } from '../../../src/clearing/attachment.ts';
import { breakDetail } from '../../../src/clearing/break-detail.ts';
import { type Asking, ask, type QueryParts } from '../../../src/clearing/query.ts';
import { answer } from '../../../src/clearing/query-answer.ts';
import type { Exchange, Participant } from '../../../src/contract/exchange.ts';
import { exchanges } from '../../../src/contract/exchange.ts';
import type { Checked } from '../../../src/contract/refusal.ts';
import { verifyEnvelope } from '../../../src/envelope/envelope.ts';
import { viewing } from '../../../src/journal/viewing.ts';
import { say } from '../../../src/relay/say.ts';
import { libraryCalendars } from '../../../src/rules/calendar.ts';
import { atMs, testKey, trusting } from '../../envelope/keys.ts';
import { Desk, person, type Told } from './desk.ts';

const keys = new Map<Participant, ReturnType<typeof testKey>>(
  [...exchanges, 'qiao' as const].map((who) => [who, testKey(who, 'Ed25519')]),
);
const trust = trusting(...[...keys.values()].map(({ entry }) => entry));
const wang: Actor = { name: 'wang', role: 'maker', exchange: null };
const at = (exchange: Exchange): Actor => ({ name: `program-${exchange}`, role: 'integrator', exchange });
const codes = (done: Checked<unknown>) => (done.ok ? 'done' : done.refusals.map(({ code }) => code).join());

describe('queries and answers between exchanges', () => {
  let desk: Desk;
  let parts: QueryParts;
  beforeAll(async () => {
    desk = await Desk.open();
    desk.nowMs = atMs;
    const speaking = {
      seals: { signersOf: (who: Participant) => [keys.get(who)!.signer] },
      rules: () => ({ citation: () => 'a'.repeat(64) }),
      newId: randomUUID,
    };
    parts = {
      database: desk.database,
      calendar: libraryCalendars.statutory,
      say: (connection, word, now) => say(connection, word, now, speaking),
      nowMs: () => desk.tick(),
      newId: randomUUID,
    };
  });
  afterAll(() => desk.drop());

  const asking = (breakId: string, more: Partial<Asking> = {}): Asking => ({
    breakId,
    asks: 'inquiry',
    text: '请核对该笔成交价款',
    evidence: [],
    ...more,
  });
  const opened = async (told: Told) => {
    await desk.compare([told]);
    return (await desk.break(told)).id;
  };
  const broughtEvidence = async (text: string) => {
    const brought = { name: '回单.txt', mediaType: 'text/plain', bytes: Buffer.from(text) };
    const kept = await keepAttachment(
      { ...parts, limits: { attachmentBytes: 1000 } },
      person('wang', 'maker'),
      brought,
    );
    if (!kept.ok) throw new Error('not kept');
    return kept.value.sha256;
  };

  it('signs what is asked and answered by who says it, and gives the break back to the desk', async () => {
    const told: Told = { deal: 'Q1', code: 'STS' };
    const id = await opened(told);
    const asked = await ask(parts, wang, asking(id, { to: 'stex' }));
    if (!asked.ok) throw new Error(codes(asked));
    expect(asked.value.stands.state).toBe('disputed');
    const answering = { query: asked.value.message, verdict: 'replied' as const, text: '已更正', evidence: [] };
    expect(codes(await answer(parts, at('ctex'), answering))).toBe('not-yours');
    expect(codes(await answer(parts, wang, answering))).toBe('role-forbids');
    const answered = await answer(parts, at('stex'), answering);
    if (!answered.ok) throw new Error(codes(answered));
    expect(answered.value.stands.state).toBe('working');
    expect(codes(await answer(parts, at('stex'), answering))).toBe('state-forbids');
    const { rows } = await desk.database.query<{ envelope: Buffer; issuer: string; received: Buffer | null }>(
      'select envelope, issuer, received from message order by no',
    );
    const opened1 = rows.map(({ envelope }) => verifyEnvelope(envelope, trust));
    expect(opened1.map((one) => (one.ok ? [one.header.iss, one.header.kind, one.header.aud] : one))).toEqual([
      ['qiao', 'clearing-query', ['stex']],
      ['stex', 'clearing-answer', ['qiao']],
    ]);
    expect(rows.map(({ received }) => received !== null)).toEqual([false, true]);
  });

  it('knows 请款, 退单 and 再请款: a refused claim is claimed again once, with evidence', async () => {
    const id = await opened({ deal: 'Q2', code: 'AMT-', deltaFen: -500n });
    expect(codes(await ask(parts, at('szse'), asking(id)))).toBe('reference-unknown');
    expect(codes(await ask(parts, at('ctex'), asking(id, { asks: 'claim' })))).toBe('inconsistent');
    const claim = await ask(parts, at('ctex'), asking(id, { asks: 'claim', amountFen: 500n }));
    if (!claim.ok) throw new Error(codes(claim));
    const again = async (about: string, evidence: readonly string[]) =>
      ask(parts, at('ctex'), asking(id, { asks: 're-claim', amountFen: 500n, about, evidence }));
    const paper = await broughtEvidence('bank slip');
    expect(codes(await again(claim.value.message, [paper]))).toBe('reference-unknown');
    const refusing = { query: claim.value.message, verdict: 'refused' as const, text: '无此款项', evidence: [] };
    expect(codes(await answer(parts, at('stex'), { ...refusing, verdict: 'replied' }))).toBe('inconsistent');
    expect(codes(await answer(parts, at('stex'), refusing))).toBe('done');
    expect(codes(await again(claim.value.message, []))).toBe('missing-field');
    expect(codes(await again(claim.value.message, ['0'.repeat(64)]))).toBe('reference-unknown');
    const second = await again(claim.value.message, [paper]);
    if (!second.ok) throw new Error(codes(second));
    expect(codes(await again(claim.value.message, [paper]))).toBe('state-forbids');
    const accepting = { query: second.value.message, verdict: 'accepted' as const, text: '', evidence: [] };
    expect(codes(await answer(parts, at('stex'), { ...accepting, amountFen: 501n }))).toBe('bad-money');
    expect(codes(await answer(parts, at('stex'), { ...accepting, amountFen: 499n }))).toBe('done');
  });

  it('takes one of two answers given at once', async () => {
    const id = await opened({ deal: 'Q3', code: 'STS' });
    const asked = await ask(parts, at('ctex'), asking(id));
    if (!asked.ok) throw new Error(codes(asked));
    const answering = { query: asked.value.message, verdict: 'replied' as const, text: '', evidence: [] };
    const both = await Promise.all([1, 2].map(() => answer(parts, at('stex'), answering)));
    expect(both.map(codes).sort()).toEqual(['done', 'state-forbids']);
  });

  it('shows both exchanges what was asked and booked, and neither the talk of the desk; a third sees nothing', async () => {
    const told: Told = { deal: 'Q4', code: 'STS' };
    const id = await opened(told);
    await ask(parts, at('ctex'), asking(id));
    await desk.act(person('wang', 'maker'), told, { act: 'comment', note: '内部意见' });
    const seen = (viewer: Exchange | '*') =>
      viewing(desk.database, viewer, (connection) => breakDetail(connection, id));
    expect((await seen('*'))!.acts.map(({ act }) => act)).toEqual(['detect', 'open', 'dispute', 'comment']);
    for (const exchange of ['ctex', 'stex'] as const) {
      const detail = (await seen(exchange))!;
      expect(detail.acts).toEqual([]);
      expect(detail.queries).toMatchObject([{ asks: 'inquiry', asker: 'ctex', said: { text: '请核对该笔成交价款' } }]);
    }
    expect(await seen('szse')).toBeUndefined();
  });

  it('keeps a piece of evidence once, under the digest of its bytes, and none that is too large or runs', async () => {
    const sha256 = await broughtEvidence('the same');
    expect(await broughtEvidence('the same')).toBe(sha256);
    expect((await readAttachment(desk.database, sha256))!.bytes.toString()).toBe('the same');
    const keep = (change: object) =>
      keepAttachment({ ...parts, limits: { attachmentBytes: 3 } }, person('wang', 'maker'), {
        ...{ name: 'a.txt', mediaType: 'text/plain', bytes: Buffer.from('abc') },
        ...change,
      });
    expect(codes(await keep({}))).toBe('done');
    expect(codes(await keep({ bytes: Buffer.from('abcd') }))).toBe('too-large');
    expect(codes(await keep({ bytes: Buffer.alloc(0) }))).toBe('missing-field');
    expect(codes(await keep({ mediaType: 'text/html' }))).toBe('unknown-code');
    for (const name of ['../a', 'a\nb', 'a\u202eb', '.env', '']) expect(codes(await keep({ name }))).toBe('bad-format');
  });
});
