import type { Exchange } from '../../src/contract/exchange.ts';
import type { Deal } from '../../src/contract/message.ts';
import { openKept } from '../../src/journal/kept-envelope.ts';
import { codesOf, type Ground, openGround } from './ground.ts';
import { bid, buyer, confirmed, deal, decision, funds, interest, listing, seller, state } from './messages.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

let serial = 0;
/** A listing of its own, published. */
const publish = async (home: Exchange, change: Parameters<typeof listing>[1] = {}) => {
  const id = `${home}:L${++serial}`;
  expect(await ground.send(home, listing(id, change))).toMatchObject({ outcome: 'accepted' });
  return id;
};
const admit = async (of: string, host: Exchange) => {
  const id = `${host}:I${++serial}`;
  expect(await ground.send(host, interest(id, of))).toMatchObject({ outcome: 'accepted' });
  expect(await ground.send(of.slice(0, 4) as Exchange, decision(id, of.slice(0, 4) as Exchange))).toMatchObject({
    outcome: 'accepted',
  });
  return id;
};
const conclude = async (of: string, host: Exchange) => {
  await admit(of, host);
  const home = of.slice(0, 4) as Exchange;
  const id = `${home}:D${++serial}`;
  expect(await ground.send(home, deal(id, of, host))).toMatchObject({ outcome: 'accepted' });
  return id;
};
const standing = async (id: string) => {
  const { rows } = await ground.database.query<{ status: string; version: number; hosts: string[] }>(
    'select status, version, hosts from listing where id = $1',
    [id],
  );
  return rows[0];
};
const dealStatus = async (id: string) =>
  (await ground.database.query<{ status: string }>('select status from deal where id = $1', [id])).rows[0]?.status;

describe('the same message again', () => {
  it('gets the first answer and has no second effect', async () => {
    const arrival = ground.arrival('stex', listing('stex:twice'));
    const [first] = await ground.sendAll([arrival]);
    const before = await ground.counts();
    expect(await ground.sendAll([arrival])).toEqual([first]);
    expect(await ground.counts()).toEqual(before);
  });

  it('that was refused is refused again with the same reasons, and kept once', async () => {
    const arrival = ground.arrival('stex', listing('ctex:not-mine'));
    const [first] = await ground.sendAll([arrival]);
    expect(codesOf(first!)).toEqual(['not-yours']);
    const before = await ground.counts();
    expect(await ground.sendAll([arrival])).toEqual([first]);
    expect(await ground.counts()).toEqual(before);
  });

  it('with other bytes is an id-conflict; both are kept, nothing else happens', async () => {
    const key = 'one-key';
    const first = ground.arrival('ctex', listing('ctex:said-first'), { key });
    const second = ground.arrival('ctex', listing('ctex:said-second'), { key });
    await ground.sendAll([first]);
    const before = await ground.counts();
    const [answer] = await ground.sendAll([second]);
    expect(codesOf(answer!)).toEqual(['id-conflict']);
    expect(await ground.counts()).toEqual({ ...before, equivocation: before.equivocation! + 1 });
    const { rows } = await ground.database.query<{ native: Buffer; first: Buffer; proof: string }>(
      `select e.native, e.proof, m.native as first from equivocation e
         join inbox i on i.exchange = e.exchange and i.key = e.key and i.digest = e.first_digest
         join message m on m.id = i.message where e.key = $1`,
      [key],
    );
    expect(rows).toEqual([{ native: second.bytes, first: first.bytes, proof: 'proof' }]);
  });

  it('under the same one-time value is a replay, also beside the first in one batch', async () => {
    const once = 'a'.repeat(32);
    const first = ground.arrival('ctex', listing('ctex:once-1'), { once });
    const beside = ground.arrival('ctex', listing('ctex:once-2'), { once });
    const answers = await ground.sendAll([first, beside]);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['accepted', 'refused']);
    expect(codesOf(answers[1]!)).toEqual(['replayed']);
    expect(codesOf((await ground.sendAll([first]))[0]!)).toEqual(['replayed']);
    // The one-time value is used up, the message is not: signed afresh it gets its first answer.
    expect(await ground.sendAll([{ ...first, once: 'b'.repeat(32) }])).toEqual([answers[0]]);
  });

  it('with different keys by two exchanges is two messages', async () => {
    const a = await ground.send('ctex', listing('ctex:same-key'), { key: 'shared' });
    const b = await ground.send('szse', listing('szse:same-key'), { key: 'shared' });
    expect([a.outcome, b.outcome]).toEqual(['accepted', 'accepted']);
  });
});

describe('versions and states', () => {
  it('a version after a later one is kept and changes nothing', async () => {
    const id = await publish('ctex', { version: 2, title: '第二版' });
    const before = await ground.counts();
    expect(await ground.send('ctex', listing(id, { version: 1, title: '第一版' }))).toMatchObject({
      outcome: 'accepted',
    });
    const after = await ground.counts();
    expect(after).toEqual({
      ...before,
      message: before.message! + 1,
      inbox: before.inbox! + 1,
      listing_version: before.listing_version! + 1,
    });
    expect(await standing(id)).toMatchObject({ version: 2 });
  });

  it.each([1, 2])('version %i again with other content is a version-conflict', async (version) => {
    const id = await publish('stex', { version });
    const answer = await ground.send('stex', listing(id, { version, title: '另一内容' }));
    expect(codesOf(answer)).toEqual(['version-conflict']);
  });

  it('two contents of one version in one batch: the first stands', async () => {
    const answers = await ground.sendAll([
      ground.arrival('szse', listing('szse:both', { title: '甲' })),
      ground.arrival('szse', listing('szse:both', { title: '乙' })),
    ]);
    expect(answers.map(codesOf)).toEqual([[], ['version-conflict']]);
  });

  it('a state before its listing is put off where the transport may reorder, and taken once the listing is there', async () => {
    const id = `ctex:L${++serial}`;
    const early = ground.arrival('ctex', state(id, 2, 'suspended', '2026-03-02T09:20:00+08:00'), {
      sentAtMs: ground.nowMs() - 1000,
    });
    const before = await ground.counts();
    expect(await ground.sendAll([early])).toEqual([{ outcome: 'busy', retryAfterMs: expect.any(Number) }]);
    expect(await ground.counts()).toEqual(before);
    await ground.send('ctex', listing(id));
    expect(await ground.sendAll([early])).toMatchObject([{ outcome: 'accepted' }]);
    expect(await standing(id)).toMatchObject({ status: 'suspended' });
  });

  it('what never comes is refused once patience has ended, and at once where nothing reorders', async () => {
    const late = { sentAtMs: ground.nowMs() - 60_000 };
    const lost = state('ctex:nowhere', 1, 'withdrawn', '2026-03-02T09:20:00+08:00');
    expect(codesOf(await ground.send('ctex', lost, late))).toEqual(['reference-unknown']);
    expect(codesOf(await ground.send('stex', state('stex:nowhere', 1, 'withdrawn', lost.at!)))).toEqual([
      'reference-unknown',
    ]);
  });

  it("suspended and resumed the wrong way round: the home's clock decides", async () => {
    const id = await publish('ctex');
    await ground.send('ctex', state(id, 1, 'published', '2026-03-02T09:20:05+08:00'));
    await ground.send('ctex', state(id, 1, 'suspended', '2026-03-02T09:20:00+08:00'));
    expect(await standing(id)).toMatchObject({ status: 'published' });
  });

  it('a suspension that comes after a later change of the content still suspends', async () => {
    const id = await publish('ctex');
    await ground.send('ctex', listing(id, { version: 3, title: '第三版' }));
    await ground.send('ctex', state(id, 2, 'suspended', '2026-03-02T09:20:00+08:00'));
    expect(await standing(id)).toMatchObject({ status: 'suspended', version: 3 });
  });

  it('a change of the content that comes after a later state is still shown', async () => {
    const id = await publish('ctex');
    await ground.send('ctex', state(id, 3, 'suspended', '2026-03-02T09:20:00+08:00'));
    await ground.send('ctex', listing(id, { version: 2, title: '第二版' }));
    const { rows } = await ground.database.query<{ title: string; status: string }>(
      'select title, status from listing where id = $1',
      [id],
    );
    expect(rows).toEqual([{ title: '第二版', status: 'suspended' }]);
  });

  it('nothing comes after a withdrawal', async () => {
    const id = await publish('szse');
    await ground.send('szse', state(id, 2, 'withdrawn', '2026-03-02T09:21:00+08:00'));
    expect(codesOf(await ground.send('szse', state(id, 3, 'published', '2026-03-02T09:22:00+08:00')))).toEqual([
      'state-forbids',
    ]);
    expect(codesOf(await ground.send('szse', listing(id, { version: 4 })))).toEqual(['state-forbids']);
  });
});

describe('a refusal leaves nothing but itself', () => {
  /** Sends what must be refused, with exactly these codes, and counts what it left. */
  const refusedWith = async (exchange: Exchange, message: Parameters<Ground['send']>[1], ...codes: string[]) => {
    const before = await ground.counts();
    const arrival = ground.arrival(exchange, message);
    const [answer] = await ground.sendAll([arrival]);
    expect(codesOf(answer!)).toEqual(codes);
    expect(await ground.counts()).toEqual({
      ...before,
      inbox: before.inbox! + 1,
      refusal: before.refusal! + 1,
    });
    const { rows } = await ground.database.query<{ native: Buffer; refusals: { zh: string; en: string }[] }>(
      'select native, refusals from refusal where exchange = $1 and key = $2',
      [exchange, arrival.key],
    );
    expect(rows[0]!.native).toEqual(arrival.bytes);
    for (const { zh, en } of rows[0]!.refusals) {
      expect(zh).toMatch(/\p{Script=Han}/u);
      expect(en).toMatch(/[a-z]/);
    }
  };

  it("what is not the sender's to say", async () => {
    const id = await publish('ctex');
    await refusedWith('stex', listing('ctex:X1'), 'not-yours');
    await refusedWith('stex', state(id, 2, 'withdrawn', '2026-03-02T09:22:00+08:00'), 'not-yours');
    await refusedWith('ctex', interest('stex:X1', id), 'not-yours');
    await refusedWith('ctex', { ...interest('ctex:X2', id) }, 'not-yours');
    const asked = `stex:I${++serial}`;
    await ground.send('stex', interest(asked, id));
    await refusedWith('szse', decision(asked, 'szse'), 'not-yours');
    const sold = await conclude(await publish('ctex'), 'stex');
    await refusedWith('szse', confirmed(sold, 'szse'), 'not-yours');
    await refusedWith('szse', funds('szse:F1', sold, '1.00'), 'not-yours');
    await refusedWith('stex', deal('ctex:D-not', id, 'stex'), 'not-yours');
    await refusedWith('stex', deal('stex:D-not', id, 'szse'), 'not-yours');
  });

  it('a bid in a mode that takes none, before admission, and below the reserve', async () => {
    const fixed = await publish('ctex');
    await admit(fixed, 'stex');
    await refusedWith('stex', bid('stex:B1', fixed, '2000000.00'), 'bid-forbidden');
    const open = await publish('ctex', {
      mode: 'bidding',
      price: { kind: 'reserve', amount: { amount: '500.00', currency: 'CNY' } },
    });
    await refusedWith('stex', bid('stex:B2', open, '600.00'), 'state-forbids');
    await admit(open, 'stex');
    await refusedWith('stex', bid('stex:B3', open, '499.99'), 'rule-refused');
    expect(await ground.send('stex', bid('stex:B4', open, '500.00'))).toMatchObject({ outcome: 'accepted' });
    await refusedWith('stex', bid('stex:B4', open, '700.00'), 'id-conflict');
  });

  it('a buyer who was not admitted, or whom the host does not admit at all', async () => {
    const id = await publish('ctex');
    await refusedWith('ctex', deal('ctex:D-x', id, 'stex'), 'state-forbids');
    const declined = `stex:I${++serial}`;
    await ground.send('stex', interest(declined, id));
    await ground.send('ctex', decision(declined, 'ctex', 'declined'));
    await refusedWith('ctex', deal('ctex:D-x', id, 'stex'), 'state-forbids');
    await refusedWith('ctex', decision(declined, 'ctex'), 'state-forbids');
    const { uscc: _, ...person } = { ...buyer, kind: 'natural' as const, nature: 'natural-person' as const };
    await refusedWith('szse', interest('szse:I-person', id, { buyer: person }), 'party-refused');
  });

  it('a foreign seller is held or refused by the host, never shown', async () => {
    const id = await publish('ctex', {
      seller: { name: 'Example Inc', kind: 'legal', nature: 'foreign', country: '840' },
    });
    const { rows } = await ground.database.query<{ host: string; verdict: string; codes: string[] }>(
      `select host, verdict, array(select json_array_elements(body->'issues')->>'code') as codes
         from decision where listing = $1 and current order by host`,
      [id],
    );
    for (const { verdict, codes } of rows) {
      expect(['hold', 'refuse']).toContain(verdict);
      expect(codes.some((code) => code === 'party-hold' || code === 'party-refused')).toBe(true);
    }
    expect(await standing(id)).toMatchObject({ hosts: [] });
    await refusedWith('stex', interest('stex:I-held', id), 'state-forbids');
  });

  it('a certificate before confirmation and before payment, then a second one', async () => {
    const of = await publish('ctex');
    const id = await conclude(of, 'stex');
    const certify = (version: number) => deal(id, of, 'stex', { version, status: 'certified', certificate: 'C-1' });
    await refusedWith('ctex', certify(2), 'not-confirmed', 'not-funded');
    await refusedWith('stex', confirmed(id, 'stex', 2), 'version-conflict');
    await ground.send('stex', confirmed(id, 'stex'));
    await refusedWith('stex', confirmed(id, 'stex'), 'state-forbids');
    await refusedWith('ctex', certify(2), 'not-funded');
    await ground.send('stex', funds('stex:F10', id, '999999.99'));
    await refusedWith('stex', funds('stex:F10', id, '0.01'), 'id-conflict');
    await refusedWith('ctex', certify(2), 'not-funded');
    await refusedWith('stex', funds('stex:F11', id, '1000000.00', { leg: 'refund' }), 'state-forbids');
    await ground.send('stex', funds('stex:F12', id, '0.01'));
    expect(await dealStatus(id)).toBe('funded');
    expect(await ground.send('ctex', certify(2))).toMatchObject({ outcome: 'accepted' });
    await refusedWith('ctex', certify(3), 'state-forbids');
  });

  it('a cancellation twice, and a deal after it', async () => {
    const of = await publish('szse');
    const id = await conclude(of, 'ctex');
    const cancel = (version: number) => deal(id, of, 'ctex', { version, status: 'cancelled', cancelReason: '违约' });
    expect(await ground.send('szse', cancel(2))).toMatchObject({ outcome: 'accepted' });
    await refusedWith('szse', cancel(3), 'state-forbids');
    await refusedWith('ctex', confirmed(id, 'ctex', 2), 'state-forbids');
    expect(await ground.send('szse', deal(`${id}-again`, of, 'ctex'))).toMatchObject({ outcome: 'accepted' });
  });

  it('an asset that already has an active award, under any listing', async () => {
    const right = { type: 'invention' as const, number: 'ZL202310999999.1', title: '一种方法', holders: ['甲'] };
    const object = { type: 'invention' as const, field: '01', ip: [right] } as never;
    const first = await publish('ctex', { object });
    const second = await publish('stex', { object, seller: { ...seller } });
    await admit(second, 'szse');
    await conclude(first, 'szse');
    await refusedWith('stex', deal('stex:D-second', second, 'szse'), 'award-taken');
  });

  it('an interest in what is suspended or not shown there', async () => {
    const id = await publish('ctex');
    await ground.send('ctex', state(id, 2, 'suspended', '2026-03-02T09:25:00+08:00'));
    await refusedWith('stex', interest('stex:I-late', id), 'state-forbids');
    await refusedWith('stex', interest('stex:I-none', 'ctex:never'), 'reference-unknown');
  });
});

describe('what the host signs', () => {
  it("a confirmation names the digest of the deal's payload as it was signed and relayed", async () => {
    const of = await publish('ctex');
    const id = await conclude(of, 'stex');
    await ground.send('stex', confirmed(id, 'stex'));
    const { rows } = await ground.database.query<{ kind: string; envelope: Buffer }>(
      `select kind, envelope from message where stream = $1 order by no`,
      [`deal/${id}`],
    );
    const [told, stood] = rows.map(({ envelope }) => payloadBytes(envelope));
    const { createHash } = await import('node:crypto');
    expect((JSON.parse(stood!.toString()) as { dealSha256: string }).dealSha256).toBe(
      createHash('sha256').update(told!).digest('hex'),
    );
    expect((openKept(rows[0]!.envelope).payload as unknown as Deal).id).toBe(id);
  });
});

function payloadBytes(envelope: Buffer): Buffer {
  return Buffer.from((JSON.parse(envelope.toString()) as { payload: string }).payload, 'base64url');
}
