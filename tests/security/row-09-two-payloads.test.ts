import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { adapters } from '../../adapters/all.ts';
import { forgetKeys, type Journey, openJourney } from '../journeys/federation.ts';
import { openPusher, type Pusher, projectEvent, reasonsOf } from './pushing.ts';

/** Threat 9: an exchange says two things under one id, each well signed, and later shows whichever suits it. */

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

interface Kept {
  readonly native: Buffer;
  readonly proof: string;
}
/** Both sides of the contradiction as they are in the journal: what was said first, and what was said after. */
async function keptOf(eventId: string): Promise<{ first: Kept; others: readonly (Kept & { digest: Buffer })[] }> {
  const { database } = journey.gateway;
  const first = await database.query<Kept & Record<string, unknown>>(
    `select m.native, m.proof from inbox i join message m on m.id = i.message where i.exchange = 'ctex' and i.key = $1`,
    [eventId],
  );
  const { rows } = await database.query<Record<string, unknown>>(
    `select * from equivocation where exchange = 'ctex' and key = $1`,
    [eventId],
  );
  return { first: first.rows[0]!, others: rows as never };
}

test('two prices under one event id: the second is refused, the first stands everywhere, and both signatures are kept', async () => {
  const event = projectEvent('TWO', {}, 'one-id');
  const other = projectEvent('TWO', { projectName: '另一个名称' }, 'one-id');
  expect(await ctex.send(ctex.sign(event))).toMatchObject({ code: '0000' });
  const conflict = await ctex.send(ctex.sign(other));
  expect([conflict.code, reasonsOf(conflict)]).toEqual(['2002', ['id-conflict']]);
  await journey.settle();
  for (const exchange of ['stex', 'szse'] as const) {
    const shown = [...journey.mocks[exchange].book.received.values()];
    expect(JSON.stringify(shown, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      '另一个名称',
    );
  }
  const { first, others } = await keptOf('one-id');
  expect(others).toHaveLength(1);
  // Years later the exchange cannot deny either: each is proved by its own signature and nothing else.
  const { verifyProof } = adapters.find(({ exchange }) => exchange === 'ctex')!;
  const { verifier } = journey.keys.link('ctex');
  const kept = [first, others[0]!].map((row) => ({ bytes: row.native, proof: row.proof }));
  expect(kept.map(({ bytes }) => JSON.parse(bytes.toString('utf8')))).toEqual([event, other]);
  expect(kept.map((one) => verifyProof(one, verifier))).toEqual([true, true]);
  // And we cannot have made one up from the other.
  expect(verifyProof({ bytes: kept[0]!.bytes, proof: kept[1]!.proof }, verifier)).toBe(false);
});

test('whatever two contents come under one id, in whatever order and however often, the first one answered stands', async () => {
  let number = 0;
  const texts = fc.array(fc.constantFrom('甲', '乙', '丙'), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(texts, async (names) => {
      number += 1;
      const eventId = `id-${number}`;
      const events = names.map((projectName) => projectEvent(`P${number}`, { projectName }, eventId));
      const answers: string[] = [];
      for (const event of events) answers.push((await ctex.send(ctex.sign(event))).code);
      expect(answers).toEqual(names.map((name) => (name === names[0] ? '0000' : '2002')));
      const { first, others } = await keptOf(eventId);
      expect(JSON.parse(first.native.toString('utf8'))).toEqual(events[0]);
      const digests = new Set(others.map(({ native }) => createHash('sha256').update(native).digest('hex')));
      expect(digests.size).toBe(new Set(names).size - 1);
    }),
    { numRuns: 12 },
  );
});
