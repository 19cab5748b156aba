import { breakTotals, listBreaks } from '../../../src/clearing/break-list.ts';
import { parseWish } from '../../../src/clearing/proposal.ts';
import { type By, work } from '../../../src/clearing/work.ts';
import type { Order } from '../../../src/clearing/work-order.ts';
import { firstBrokenAct } from '../../../src/journal/audit.ts';
import type { Queryable } from '../../../src/journal/database.ts';
import { Desk, outcome, person, type Told } from './desk.ts';

const wang = person('wang', 'maker');
const chen = person('chen', 'maker');
const li = person('li', 'checker');
const zhao = person('zhao', 'checker');

describe('work on many breaks, and by many people', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());

  const many = (prefix: string, count: number, cycle: string) => {
    const told = Array.from(
      { length: count },
      (_, at): Told => ({ deal: `${prefix}${at}`, code: 'AMT+', deltaFen: 10n }),
    );
    return desk.compare(told, cycle).then(() => told);
  };
  /** The parts of the desk, counting the statements of one transaction after the other. */
  const counting = () => {
    let statements = 0;
    const { parts } = desk;
    const connect = async () => {
      const client = await desk.database.connect();
      const query = client.query.bind(client) as Queryable['query'];
      const counted = (...args: Parameters<Queryable['query']>) => {
        statements += 1;
        return query(...args);
      };
      return new Proxy(client, { get: (of, name) => (name === 'query' ? counted : Reflect.get(of, name, of)) });
    };
    return { parts: { ...parts, database: { ...desk.database, connect } }, statements: () => statements };
  };

  it('acts on hundreds with the same few statements, and says of each what became of it', async () => {
    const told = await many('B', 500, '2026-03-03');
    const wish = await desk.wish('by-gateway');
    const { rows } = await listBreaks(desk.database, { cycle: '2026-03-03' }, { limit: 1000 });
    const counts: number[] = [];
    for (const some of [rows.slice(0, 2), rows.slice(2)]) {
      const counted = counting();
      const tasks = some.map(({ id, version }, at) => ({
        breakId: id,
        version: at === 1 ? version + 5 : version,
        order: { act: 'propose' as const, wish },
      }));
      const done = await work(counted.parts, wang, tasks);
      if (!done.ok) throw new Error('refused');
      expect(done.value.map(outcome)).toEqual(some.map((_, at) => (at === 1 ? 'version-stale' : 'proposed')));
      counts.push(counted.statements());
    }
    expect(counts[1]).toBe(counts[0]);
    expect(told).toHaveLength(500);
    expect(
      await work(
        desk.parts,
        wang,
        Array.from({ length: 501 }, () => ({ breakId: 'x', order: { act: 'post' as const } })),
      ),
    ).toMatchObject({ ok: false });
    expect(await breakTotals(desk.database, { cycle: '2026-03-03' })).toMatchObject({
      breaks: 500n,
      overFen: 5000n,
      byState: { proposed: 498, open: 2 },
    });
    const seen: string[] = [];
    for (let page = await listBreaks(desk.database, { forChecker: 'li' }, { limit: 99 }); ; ) {
      seen.push(...page.rows.map(({ id }) => id));
      if (page.next === undefined) break;
      page = await listBreaks(desk.database, { forChecker: 'li' }, { limit: 99, after: page.next });
    }
    expect([seen.length, new Set(seen).size]).toEqual([498, 498]);
    expect((await listBreaks(desk.database, { forChecker: 'wang' }, { limit: 1 })).rows).toEqual([]);
    expect(await firstBrokenAct(desk.database)).toBeUndefined();
  });

  it('lets one of two checkers have it, the other finds it changed', async () => {
    const [told] = await many('C', 1, '2026-03-04');
    await desk.propose(wang, told!, 'by-gateway');
    const atOnce = async (told: Told, orders: readonly (readonly [By, Order])[]) => {
      const { id, version } = await desk.break(told);
      const done = await Promise.all(
        orders.map(([by, order]) => work(desk.parts, by, [{ breakId: id, version, order }])),
      );
      return done.map((one) => outcome(one.ok ? one.value[0]! : one)).sort();
    };
    const approve: Order = { act: 'approve', sha256: (await desk.break(told!)).proposalSha256! };
    expect(
      await atOnce(told!, [
        [li, approve],
        [zhao, approve],
      ]),
    ).toEqual(['approved', 'version-stale']);
    const [other] = await many('T', 1, '2026-03-05');
    expect(
      await atOnce(other!, [
        [wang, { act: 'take' }],
        [chen, { act: 'take' }],
      ]),
    ).toEqual(['version-stale', 'working']);
  });

  it('gives a write-off two approvals even when both come at once', async () => {
    const [told] = await many('W', 1, '2026-03-06');
    await desk.propose(wang, told!, 'write-off');
    const again = async (by: typeof li) => {
      for (;;) {
        const done = await desk.approve(by, told!);
        if (done.ok || outcome(done) !== 'version-stale') return outcome(done);
      }
    };
    expect((await Promise.all([again(li), again(zhao)])).sort()).toEqual(['approved', 'proposed']);
  });

  it('approves nothing but the very bytes that were looked at', async () => {
    const [told] = await many('H', 1, '2026-03-09');
    await desk.propose(wang, told!, 'by-gateway');
    const first = (await desk.break(told!)).proposalSha256!;
    expect(outcome(await desk.act(wang, told!, { act: 'withdraw', note: '金额看错' }))).toBe('returned');
    await desk.propose(wang, told!, 'suspend');
    expect(outcome(await desk.act(li, told!, { act: 'approve', sha256: first }))).toBe('proposal-differs');
    expect(outcome(await desk.act(chen, told!, { act: 'withdraw', note: 'x' }))).toBe('not-yours');
    expect(outcome(await desk.act(person('wang', 'checker'), told!, { act: 'approve', sha256: first }))).toBe(
      'same-operator',
    );
    expect(outcome(await desk.act(wang, told!, { act: 'approve', sha256: first }))).toBe('role-forbids');
  });

  it('takes two at once for one break as one, keeps comments as they are, and assigns to makers only', async () => {
    const [told] = await many('N', 1, '2026-03-10');
    const { id, version } = await desk.break(told!);
    const twice = await work(
      desk.parts,
      wang,
      [1, 2].map(() => ({ breakId: id, version, order: { act: 'take' as const } })),
    );
    expect(twice.ok && twice.value.map(outcome)).toEqual(['working', 'id-conflict']);
    expect(outcome(await desk.act(li, told!, { act: 'comment', note: '请 @wang 与 @chen. 核对' }))).toBe('working');
    expect((await desk.break(told!)).version).toBe(version + 1);
    const comment = async (note: string) => outcome(await desk.act(li, told!, { act: 'comment', note }));
    for (const note of ['', ' ']) expect(await comment(note)).toBe('missing-field');
    for (const note of ['a\u202eb', 'x'.repeat(2001)]) expect(await comment(note)).toBe('bad-format');
    const { rows } = await desk.database.query(
      `select note, detail from clearing_act where break_id = $1 and act = 'comment'`,
      [id],
    );
    expect(rows).toEqual([{ note: '请 @wang 与 @chen. 核对', detail: { mentions: 'wang chen' } }]);
    await desk.database.query(
      `insert into account (name, role, created_at) values ('chen', 'maker', now()), ('li', 'checker', now())`,
    );
    expect(outcome(await desk.act(wang, told!, { act: 'assign', to: 'li' }))).toBe('reference-unknown');
    expect(outcome(await desk.act(wang, told!, { act: 'assign', to: 'chen' }))).toBe('working');
    expect((await desk.break(told!)).assignee).toBe('chen');
  });

  it('reads a wish with every reason why not', () => {
    const codes = (value: object) => {
      const read = parseWish(value as never);
      return read.ok ? [] : read.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
    };
    const good = { action: 'adjust', reason: 'rounding', evidence: [`attachment:${'a'.repeat(64)}`] };
    expect(codes(good)).toEqual([]);
    expect(codes({})).toEqual(['missing-field /action', 'missing-field /reason', 'missing-field /evidence']);
    expect(codes({ ...good, action: 'delete', reason: 'other', evidence: ['x'], more: 1 })).toEqual([
      'unknown-field /more',
      'unknown-code /action',
      'missing-field /note',
      'bad-format /evidence/0',
    ]);
    const entries = [{ account: 'book/ctex', amount: '1e3' }];
    expect(codes({ ...good, entries })).toEqual(['bad-money /entries/0/amount']);
    expect(codes({ ...good, action: 'suspend', entries: [{ account: 'book/ctex', amount: '-1.00' }] })).toEqual([
      'inconsistent /entries',
    ]);
  });

  it('refuses entries that do not balance, leave a difference, or go into suspense or loss by the back door', async () => {
    const [told] = await many('E', 1, '2026-03-11');
    const propose = async (...entries: (readonly [string, bigint])[]) => {
      const wish = await desk.wish(
        'adjust',
        entries.map(([account, amountFen]) => ({ account, amountFen })),
      );
      return outcome(await desk.act(wang, told!, { act: 'propose', wish }));
    };
    expect(await propose(['book/ctex', -10n])).toBe('inconsistent');
    expect(await propose(['book/ctex', -9n], ['difference/ctex', 9n])).toBe('inconsistent');
    expect(await propose(['book/ctex', -10n], ['loss/ctex', 10n])).toBe('unknown-code');
    expect(await propose(['book/ctex', -10n], ['suspense/ctex', 10n])).toBe('unknown-code');
    expect(await propose(['book/szse', -10n], ['difference/ctex', 10n])).toBe('unknown-code,inconsistent');
    expect(await propose(['book/ctex', -10n], ['difference/ctex', 4n], ['payable/ctex', 6n])).toBe('proposed');
  });
});
