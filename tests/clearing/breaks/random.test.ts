import fc from 'fast-check';
import type { Role } from '../../../src/access/actor.ts';
import type { BreakAction } from '../../../src/clearing/break-actions.ts';
import type { Order } from '../../../src/clearing/work-order.ts';
import { addDays } from '../../../src/contract/dates.ts';
import { Desk, outcome, person, type Told } from './desk.ts';
import { Model } from './model.ts';

const seed = Number(process.env.QIAO_SEED ?? Math.floor(Math.random() * 1_000_000));
const runs = Number(process.env.QIAO_RUNS ?? 25);

const people = fc.constantFrom(
  ...(
    [
      ['wang', 'maker'],
      ['wang', 'maker'],
      ['chen', 'maker'],
      ['li', 'checker'],
      ['li', 'checker'],
      ['zhao', 'checker'],
      ['sun', 'supervisor'],
      // The same person under another role.
      ['wang', 'checker'],
      ['auditor', 'auditor'],
    ] as const satisfies readonly (readonly [string, Role])[]
  ).map(([name, role]) => person(name, role)),
);
const actions = fc.constantFrom<BreakAction>(
  'by-gateway',
  'by-home',
  'by-host',
  'refund',
  'claim',
  'suspend',
  'write-off',
  'reverse',
);
const steps = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ by: people, act: fc.constantFrom('approve', 'post', 'propose'), action: actions }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ by: people, act: fc.constantFrom('take', 'withdraw', 'return', 'reopen'), action: actions }),
  },
  { weight: 2, arbitrary: fc.record({ gap: fc.constantFrom(0, 0, 100, 100, 250_000_000) }) },
);

describe(`any acts in any order (QIAO_SEED=${seed}, QIAO_RUNS=${runs})`, () => {
  let desk: Desk;
  let day = 0;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());

  it('do to a break what the life cycle says, told a second time, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30, size: 'max' }), async (sequence) => {
        day += 1;
        const cycle = addDays('2020-01-01', day);
        const told = (gap: number): Told => ({ deal: `X${day}`, code: 'AMT+', deltaFen: BigInt(gap) });
        const compare = (gap: number) => desk.compare(gap === 0 ? [] : [told(gap)], cycle);
        const model = new Model(100);
        await compare(100);
        for (const step of sequence) {
          if ('gap' in step) {
            model.compare(step.gap);
            await compare(step.gap);
          } else {
            const expected = model.act(step.by, step.act, step.action);
            const { proposalSha256, version } = await desk.break(told(100));
            const order = (
              step.act === 'propose'
                ? { act: 'propose', wish: await desk.wish(step.action) }
                : { act: step.act, note: '理由', sha256: proposalSha256 ?? '' }
            ) as Order;
            const done = await desk.act(step.by, told(100), order);
            expect([step, done.ok ? outcome(done) : 'refused']).toEqual([step, expected ?? 'refused']);
            if (!done.ok) expect((await desk.break(told(100))).version).toBe(version);
          }
          const stands = await desk.break(told(100));
          expect([step, stands.state]).toEqual([step, model.state]);
          expect(stands.firstSeen).toBe(cycle);
        }
      }),
      { seed, numRuns: runs },
    );
    // Whatever was done: every booking balances, nobody approved their own proposal, no act is missing from its chain.
    const { rows } = await desk.database.query(
      `select (select count(*) from (select from clearing_entry group by adjustment having sum(amount_fen) <> 0) x) as unbalanced,
              (select count(*) from clearing_approval where maker = checker) as own,
              (select count(*) from clearing_break b where b.version <>
                 (select count(*) from clearing_act a where a.break_id = b.id and a.version is not null)) as gaps,
              (select count(*) from clearing_break b where b.state = 'closed' and
                 (clearing_residual(id, home, home_gap_fen) <> 0 or clearing_suspense(id) <> 0)) as "notZero"`,
    );
    expect(rows).toEqual([{ unbalanced: 0n, own: 0n, gaps: 0n, notZero: 0n }]);
  });
});
