import { randomUUID } from 'node:crypto';
import { exchanges } from '../../src/contract/exchange.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { verifyReceipt } from '../../src/envelope/receipt.ts';
import { type Queryable, transaction } from '../../src/journal/database.ts';
import { finishDeliveries, leaseDeliveries } from '../../src/journal/outbox.ts';
import { recordReceipts } from '../../src/journal/receipts.ts';
import { openFinisher } from '../../src/relay/finish.ts';
import { recordSettled, type Settlement } from '../../src/relay/settled.ts';
import { type Ground, openGround } from './ground.ts';
import { listing } from './messages.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

let serial = 0;
/** A listing in the journal, with its deliveries waiting. */
const publish = async (): Promise<string> => {
  const answer = await ground.send('ctex', listing(`ctex:R${++serial}`));
  if (answer.outcome !== 'accepted') throw new Error(JSON.stringify(answer));
  return answer.messageId;
};
const receiptsOf = async (message: string) => {
  const { rows } = await ground.database.query<{ kind: string; issuer: string; recipient: string; bytes: Buffer }>(
    'select kind, issuer, recipient, bytes from receipt where message = $1 order by no',
    [message],
  );
  return rows;
};
const opened = async (message: string) => {
  const { rows } = await ground.database.query<{ envelope: Buffer }>('select envelope from message where id = $1', [
    message,
  ]);
  const envelope = verifyEnvelope(rows[0]!.envelope, ground.trust);
  if (!envelope.ok) throw new Error(envelope.en);
  return envelope;
};

describe('accepted and refused', () => {
  test('are signed, kept once beside the delivery’s end, and get a leaf of the log in the same transaction', async () => {
    const message = await publish();
    const finisher = openFinisher(finishParts());
    const leases = await leaseAll(['stex', 'szse']);
    const [stex, szse] = exchanges.slice(1).map((to) => leases.find(({ exchange }) => exchange === to)!);
    const refusals = [{ code: 'rule-refused' as const, pointer: '', zh: '不符', en: 'no' }];
    const request = { id: 'r', bytes: Buffer.from('r') };
    await Promise.all([
      finisher.finish('stex', attempt(stex!.lease, { outcome: 'accepted', number: 'JX-1', answer: Buffer.alloc(0) })),
      finisher.finish('szse', {
        ...attempt(szse!.lease, { outcome: 'refused', refusals, answer: Buffer.alloc(0) }),
        request,
      }),
    ]);
    const of = await opened(message);
    const rows = await receiptsOf(message);
    expect(rows.map(({ kind, issuer, recipient }) => [kind, issuer, recipient]).sort()).toEqual([
      ['accepted', 'stex', 'stex'],
      ['refused', 'szse', 'szse'],
    ]);
    for (const { kind, bytes } of rows) {
      expect(verifyReceipt(bytes, ground.trust, { of })).toMatchObject({ ok: true, receipt: { receipt: kind } });
    }
    const { rows: wanted } = await ground.database.query<{ count: bigint }>(
      `select count(*) from leaf_waiting w join receipt r on w.source = 'receipt' and w.no = r.no where r.message = $1`,
      [message],
    );
    expect(wanted[0]!.count).toBe(2n);
  });

  test('of a delivery that ended before, by another process, are not written a second time', async () => {
    const message = await publish();
    const leases = await leaseAll(['stex']);
    const { lease } = leases[0]!;
    const finisher = openFinisher(finishParts());
    const answer = Buffer.alloc(0);
    await finisher.finish('stex', attempt(lease, { outcome: 'accepted', number: `JX-${message}`, answer }));
    const before = await receiptsOf(message);
    const journaled = await ground.counts();
    const late = { outcome: 'refused' as const, refusals: [], answer };
    await finisher.finish('stex', { ...attempt(lease, late), request: { id: 'r', bytes: answer } });
    await finisher.finish('stex', attempt(lease, { outcome: 'accepted', number: 'JX-other', answer }));
    expect(await receiptsOf(message)).toEqual(before);
    expect(await ground.counts()).toEqual(journaled);
    // Nor is it sent again by one that believes it must be.
    const { no, attempts } = lease;
    const due = { no, attempts, state: 'waiting' as const, dueAt: new Date(0), isFree: false, reason: '{}' };
    await transaction(ground.database, (connection) => finishDeliveries(connection, [due], new Date()));
    const { rows } = await ground.database.query('select state, open from delivery where no = $1', [lease.no]);
    expect(rows).toEqual([{ state: 'accepted', open: false }]);
  });

  test('cannot be changed or removed, and a second one for the same end leaves the first', async () => {
    const message = await publish();
    const row = { message, kind: 'accepted', issuer: 'stex', recipient: 'stex', atMs: 1 } as const;
    await recordReceipts(ground.database, [{ ...row, bytes: Buffer.from('first') }]);
    await recordReceipts(ground.database, [{ ...row, bytes: Buffer.from('second') }]);
    expect((await receiptsOf(message)).map(({ bytes }) => bytes.toString())).toEqual(['first']);
    for (const act of [`update receipt set bytes = 'x' where message = $1`, 'delete from receipt where message = $1']) {
      await expect(ground.database.query(act, [message])).rejects.toThrow(/append-only|permission denied/);
    }
  });
});

describe('settled', () => {
  const parts = (allowed = true) => ({
    seals: ground.seals,
    nowMs: ground.nowMs,
    settlementAllowed: () => (allowed ? ({ ok: true } as const) : ({ ok: false } as const)),
  });
  const settleAll = (settlements: readonly Settlement[], allowed = true) =>
    transaction(ground.database, (connection: Queryable) => recordSettled(connection, settlements, parts(allowed)));

  test('is signed by the gateway for the origin, and asked again gives the very bytes kept', async () => {
    const message = await publish();
    const first = await settleAll([{ message, reference: 'batch 2026-03-02/1' }]);
    if (!first.ok) throw new Error(first.refusals[0]!.en);
    const of = await opened(message);
    expect(verifyReceipt(first.value[0]!, ground.trust, { of })).toMatchObject({
      ok: true,
      receipt: { receipt: 'settled', iss: 'qiao', aud: 'ctex', message, reference: 'batch 2026-03-02/1' },
    });
    ground.advance(60_000);
    const again = await settleAll([{ message, reference: 'batch 2026-03-02/1' }]);
    expect(again).toEqual(first);
    expect(await receiptsOf(message)).toHaveLength(1);
  });

  test('of many at once, some settled before, some named twice: each has one receipt, in the order asked', async () => {
    const ids = [await publish(), await publish(), await publish()];
    await settleAll([{ message: ids[1]!, reference: 'b' }]);
    const asked = [2, 1, 0, 2].map((i) => ({ message: ids[i]!, reference: 'b' }));
    const both = await Promise.all([settleAll(asked), settleAll(asked)]);
    expect(both[0]).toEqual(both[1]);
    if (!both[0].ok) throw new Error('refused');
    expect(both[0].value[0]).toEqual(both[0].value[3]);
    for (const [i, id] of [2, 1, 0].entries()) {
      const rows = await receiptsOf(ids[id]!);
      expect(rows.map(({ bytes }) => bytes)).toEqual([Buffer.from(both[0].value[i]!)]);
    }
  });

  test('under another reference, for what is not journaled, or without witnesses is refused, and nothing is written', async () => {
    const message = await publish();
    const other = await publish();
    await settleAll([{ message, reference: 'batch 1' }]);
    const before = await ground.counts();
    expect(
      await settleAll([
        { message: other, reference: 'batch 2' },
        { message, reference: 'batch 2' },
      ]),
    ).toMatchObject({
      ok: false,
      refusals: [{ code: 'id-conflict', pointer: '/1/reference' }],
    });
    expect(await settleAll([{ message: randomUUID(), reference: 'batch 2' }])).toMatchObject({
      refusals: [{ code: 'reference-unknown', pointer: '/0/message' }],
    });
    expect(await settleAll([{ message: other, reference: 'batch 2' }], false)).toMatchObject({
      refusals: [{ code: 'settlement-stopped', zh: expect.stringContaining('结算暂停') }],
    });
    expect(await ground.counts()).toEqual(before);
  });
});

type Lease = Awaited<ReturnType<typeof leaseDeliveries>>[number];
async function leaseAll(to: readonly ('stex' | 'szse')[]) {
  const leases = [];
  for (const exchange of to) {
    const now = new Date(ground.nowMs());
    const until = new Date(ground.nowMs() + 30_000);
    for (const lease of await leaseDeliveries(ground.database, exchange, 100, now, until)) {
      leases.push({ exchange, lease });
    }
  }
  return leases;
}

function attempt(lease: Lease, outcome: Parameters<ReturnType<typeof openFinisher>['finish']>[1]['outcome']) {
  return { lease, message: listing(lease.lane), loss: [], outcome };
}

function finishParts() {
  return {
    ...ground.parts,
    random: () => 0,
    onFault: (error: unknown) => {
      throw error;
    },
    retryBaseMs: 1_000,
    retryCapMs: 60_000,
    retryAttempts: 3,
    batch: 100,
    lingerMs: 0,
  };
}
