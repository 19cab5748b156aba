import { lifeCycle } from '../../../src/clearing/break-states.ts';
import { verifyPosted } from '../../../src/clearing/break-verify.ts';
import { ageBreaks } from '../../../src/clearing/escalation.ts';
import { Desk, outcome, person, type Told } from './desk.ts';

const wang = person('wang', 'maker');
const li = person('li', 'checker');
const zhao = person('zhao', 'checker');

describe('the life cycle of a break', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());

  it('is the same table in the program and in the database', async () => {
    const { rows } = await desk.database.query<{ way: string }>(
      `select concat_ws(' ', act, from_state, to_state, role) as way from clearing_transition`,
    );
    const ways = Object.entries(lifeCycle).flatMap(([act, { from, to, roles }]) =>
      from.flatMap((state) =>
        (to.length > 0 ? to : [state]).flatMap((next) => roles.map((role) => `${act} ${state} ${next} ${role}`)),
      ),
    );
    expect(rows.map(({ way }) => way).sort()).toEqual(ways.sort());
  });

  it('goes from found to closed through two people, and books what was wrong against the book', async () => {
    const told: Told = { deal: 'J1', code: 'AMT+', deltaFen: 1_234n };
    expect(await desk.compare([told])).toEqual({ detect: 1, open: 1 });
    expect(await desk.break(told)).toMatchObject({
      state: 'open',
      version: 2,
      homeGapFen: 1_234n,
      firstSeen: '2026-03-02',
    });
    expect(outcome(await desk.act(wang, told, { act: 'take' }))).toBe('working');
    expect(outcome(await desk.propose(wang, told, 'by-gateway'))).toBe('proposed');
    expect(outcome(await desk.approve(li, told))).toBe('approved');
    expect(outcome(await desk.act(wang, told, { act: 'post' }))).toBe('posted');
    expect(await desk.books()).toEqual({ 'book/ctex': -1_234n, 'difference/ctex': 1_234n });
    expect(await verifyPosted(desk.parts)).toEqual({ verify: 1, close: 1 });
    expect(await desk.break(told)).toMatchObject({
      state: 'closed',
      closedAs: 'resolved',
      maker: 'wang',
      checker: 'li',
    });
    expect(await desk.compare([told])).toEqual({});
    const { rows } = await desk.database.query(`select act, actor, role from audit where subject = $1 order by no`, [
      (await desk.break(told)).id,
    ]);
    expect(rows).toEqual([
      { act: 'break-taken', actor: 'wang', role: 'maker' },
      { act: 'break-proposed', actor: 'wang', role: 'maker' },
      { act: 'break-approved', actor: 'li', role: 'checker' },
      { act: 'break-posted', actor: 'wang', role: 'maker' },
    ]);
  });

  it('comes back when the exchange corrects its book as well, until the booking is reversed', async () => {
    const told: Told = { deal: 'J1', code: 'AMT+', deltaFen: 1_234n };
    expect(await desk.compare([])).toEqual({ relapse: 1 });
    expect(await desk.break(told)).toMatchObject({ state: 'reopened', isFound: false, homeGapFen: 0n, closedAs: null });
    expect(outcome(await desk.propose(wang, told, 'reverse'))).toBe('proposed');
    expect(outcome(await desk.approve(zhao, told))).toBe('approved');
    expect(outcome(await desk.act(zhao, told, { act: 'post' }))).toBe('reopened');
    expect(await desk.books()).toEqual({});
    expect(await desk.compare([])).toEqual({ clear: 1 });
    expect(await desk.break(told)).toMatchObject({ state: 'closed', closedAs: 'cleared' });
  });

  it('is written off by two checkers who are not the same, and only then', async () => {
    const told: Told = { deal: 'W1', code: 'AMT-', deltaFen: -77n };
    await desk.compare([told]);
    expect(outcome(await desk.propose(wang, told, 'write-off'))).toBe('proposed');
    expect(outcome(await desk.approve(li, told))).toBe('proposed');
    expect(outcome(await desk.approve(li, told))).toBe('same-operator');
    expect(outcome(await desk.approve(zhao, told))).toBe('approved');
    expect(outcome(await desk.act(li, told, { act: 'post' }))).toBe('written-off');
    expect(await desk.books()).toEqual({ 'book/ctex': 77n, 'loss/ctex': -77n });
    await verifyPosted(desk.parts);
    expect(await desk.break(told)).toMatchObject({ state: 'closed', closedAs: 'written-off' });
  });

  it('ages in suspense, and is settled from there by reversing what lies in suspense', async () => {
    const told: Told = { deal: 'S1', code: 'AMT+', deltaFen: 500n };
    await desk.compare([told], '2026-03-03');
    await desk.propose(wang, told, 'suspend');
    await desk.approve(li, told);
    expect(outcome(await desk.act(wang, told, { act: 'post' }))).toBe('suspended');
    expect(await desk.books()).toMatchObject({ 'suspense/ctex': 500n });
    const before = await desk.break(told);
    await ageBreaks('2026-03-20', desk.parts);
    const after = await desk.break(told);
    expect([after.firstSeen, after.due, after.escalation]).toEqual([before.firstSeen, before.due, 2]);
    await desk.propose(wang, told, 'refund');
    await desk.approve(li, told);
    expect(outcome(await desk.act(wang, told, { act: 'post' }))).toBe('posted');
    expect(await desk.books()).toMatchObject({ 'payable/ctex': 500n });
    expect(await desk.books()).not.toHaveProperty('suspense/ctex');
    await verifyPosted(desk.parts);
    expect(outcome({ ok: true, value: await desk.break(told) })).toBe('closed');
  });

  it('clears by itself when the books agree, and says by which comparison', async () => {
    const told: Told = { deal: 'C1', code: 'STS' };
    await desk.compare([told], '2026-03-04');
    expect(await desk.compare([], '2026-03-04')).toEqual({ clear: 1 });
    const { id } = await desk.break(told);
    const { rows } = await desk.database.query(
      `select detail from clearing_act where break_id = $1 and act = 'clear'`,
      [id],
    );
    expect(rows[0]!.detail).toMatchObject({
      proof: { says: [], now: [], result: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it('keeps with what has cleared what the three say now, and under what other break it stands', async () => {
    const told: Told = { deal: 'C2', code: 'AMT+', deltaFen: 5n };
    await desk.compare([told], '2026-03-16');
    for (const side of ['ctex', 'journal', 'stex'] as const) await desk.row('C2', side, '2026-03-16');
    const now: Told = { deal: 'C2', code: 'STS' };
    expect(await desk.compare([now], '2026-03-16')).toEqual({ detect: 1, open: 1, clear: 1 });
    const { rows } = await desk.database.query<{ detail: { proof: object } }>(
      `select detail from clearing_act where break_id = $1 and act = 'clear'`,
      [(await desk.break(told)).id],
    );
    expect(rows[0]!.detail.proof).toMatchObject({
      says: ['ctex', 'journal', 'stex'].map((side) => ({ side, priceFen: '100', state: 'signed' })),
      now: [{ id: (await desk.break(now)).id, outcome: 'break' }],
    });
  });

  it('lets go of a missing row when a later day brings it, and of a booking for it not', async () => {
    const [missing, booked]: readonly Told[] = ['L1', 'L2'].map((deal) => ({ deal, code: 'P101' }));
    await desk.compare([missing!, booked!], '2026-03-17');
    await desk.propose(wang, booked!, 'supplement');
    await desk.approve(li, booked!);
    await desk.act(wang, booked!, { act: 'post' });
    expect(await verifyPosted(desk.parts)).toEqual({ verify: 1, close: 1 });
    // The next day's book brings one row of the home, which nobody missed, and nothing else.
    await desk.row('L1', 'ctex', '2026-03-18');
    expect(await desk.compare([], '2026-03-18')).toEqual({});
    for (const deal of ['L1', 'L2']) await desk.row(deal, 'stex', '2026-03-18');
    expect(await desk.compare([], '2026-03-18')).toEqual({ clear: 1, relapse: 1 });
    expect([(await desk.break(missing!)).state, (await desk.break(booked!)).state]).toEqual(['closed', 'reopened']);
    // The earlier day compared again misses the row still; the later one has the word.
    expect(await desk.compare([missing!, booked!], '2026-03-17')).toEqual({});
  });

  it('leaves what is on the way alone until it is overdue', async () => {
    const told: Told = { deal: 'T1', code: 'TIM', outcome: 'in-flight' };
    expect(await desk.compare([told], '2026-03-05')).toEqual({ detect: 1, expect: 1 });
    expect(outcome(await desk.act(wang, told, { act: 'take' }))).toBe('state-forbids');
    expect(await desk.compare([{ ...told, outcome: 'break' }], '2026-03-06')).toEqual({ open: 1 });
  });

  it('returns a proposal when what was found has changed since', async () => {
    const told: Told = { deal: 'R1', code: 'AMT+', deltaFen: 10n };
    await desk.compare([told], '2026-03-09');
    await desk.propose(wang, told, 'by-gateway');
    await desk.approve(li, told);
    expect(await desk.compare([{ ...told, deltaFen: 11n }], '2026-03-09')).toEqual({ return: 1 });
    expect(await desk.break(told)).toMatchObject({ state: 'returned', checker: null, deltaFen: 11n });
  });
});
