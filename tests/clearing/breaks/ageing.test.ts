import fc from 'fast-check';
import { agedSeverity, ageOf, dueOf, escalationOf } from '../../../src/clearing/ageing.ts';
import type { Severity } from '../../../src/clearing/codes.ts';
import { ageBreaks } from '../../../src/clearing/escalation.ts';
import { addDays } from '../../../src/contract/dates.ts';
import { libraryCalendars } from '../../../src/rules/calendar.ts';
import { Desk, person, type Told } from './desk.ts';

const { statutory } = libraryCalendars;

describe('the age of a break', () => {
  it('is counted in working days from the business day that saw it first, over holidays and make-up weekends', () => {
    // domain.md §4: published 2026-02-10, ten working days end on 03-02; 02-28 is a Saturday that is worked.
    expect(ageOf('2026-02-10', '2026-03-02', statutory)).toBe(10);
    expect(ageOf('2026-03-02', '2026-03-02', statutory)).toBe(0);
    expect(ageOf('2026-03-06', '2026-03-08', statutory)).toBe(0);
    expect(ageOf('2026-09-30', '2026-10-07', statutory)).toBe(0);
    // No holidays are known of that year: every day counts.
    expect(ageOf('2031-03-03', '2031-03-09', statutory)).toBe(6);
  });

  it('gives until the end of so many working days', () => {
    const due = (severity: Severity) => dueOf('2026-09-30', severity, statutory);
    expect([due('S1'), due('S2'), due('S3')]).toEqual(['2026-10-08', '2026-10-09', '2026-10-13']);
    expect(dueOf('2031-03-03', 'S1', statutory)).toBe('2031-03-04');
  });

  it('makes another business date S2 at T+2, and makes nothing less grave', () => {
    expect([0, 1, 2, 3].map((age) => agedSeverity('DAT', 'S4', age))).toEqual(['S4', 'S4', 'S2', 'S2']);
    expect(agedSeverity('DAT', 'S1', 9)).toBe('S1');
    expect(agedSeverity('FEE', 'S3', 99)).toBe('S3');
  });

  it('escalates by amount or by age, and never less for more of either', () => {
    const from = 100n;
    expect(escalationOf({ amountFen: 99n, severity: 'S2', age: 2 }, from)).toBe(0);
    expect(escalationOf({ amountFen: 100n, severity: 'S2', age: 0 }, from)).toBe(1);
    expect(escalationOf({ amountFen: 0n, severity: 'S2', age: 3 }, from)).toBe(1);
    expect(escalationOf({ amountFen: 1000n, severity: 'S4', age: 0 }, from)).toBe(2);
    expect(escalationOf({ amountFen: 0n, severity: 'S1', age: 3 }, from)).toBe(2);
    const severity = fc.constantFrom<Severity>('S1', 'S2', 'S3', 'S4');
    fc.assert(
      fc.property(
        severity,
        fc.bigInt(0n, 2000n),
        fc.nat(30),
        fc.bigInt(0n, 2000n),
        fc.nat(30),
        (of, fen, age, more, later) => {
          const now = escalationOf({ amountFen: fen, severity: of, age }, from);
          expect(escalationOf({ amountFen: fen + more, severity: of, age: age + later }, from)).toBeGreaterThanOrEqual(
            now,
          );
        },
      ),
    );
  });
});

describe('the end of a business day', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());

  it('escalates what waits, and neither taking nor assigning nor returning makes it younger', async () => {
    const told: Told = { deal: 'A1', code: 'DAT' };
    await desk.compare([told], '2026-03-02');
    expect(await ageBreaks('2026-03-03', desk.parts)).toEqual({});
    expect(await ageBreaks('2026-03-04', desk.parts)).toEqual({ escalate: 1 });
    expect(await desk.break(told)).toMatchObject({ severity: 'S2', due: '2026-03-04', escalation: 0 });
    const wang = person('wang', 'maker');
    await desk.act(wang, told, { act: 'take' });
    await desk.propose(wang, told, 'by-gateway');
    await desk.act(person('li', 'checker'), told, { act: 'return', note: '证据不足' });
    expect(await ageBreaks('2026-03-05', desk.parts)).toEqual({ escalate: 1 });
    expect(await ageBreaks('2026-03-05', desk.parts)).toEqual({});
    expect(await desk.break(told)).toMatchObject({ firstSeen: '2026-03-02', escalation: 1, state: 'returned' });
    // A comparison that finds it less grave does not make it so.
    await desk.compare([told], '2026-03-05');
    expect(await desk.break(told)).toMatchObject({ severity: 'S2', escalation: 1 });
  });

  it('opens what is no longer on the way, and clears what has been confirmed, by the confirmation', async () => {
    const late: Told = { deal: 'A2', code: 'TIM', outcome: 'in-flight' };
    const done: Told = { deal: 'A3', code: 'TIM', outcome: 'in-flight' };
    await desk.compare([late, done], '2026-03-06');
    const confirmation = '00000000-0000-4000-8000-000000000001';
    await desk.database.query(
      `insert into deal (id, version, listing, home, host, status, price_fen, due_fen, digest, message, confirmation, updated_at)
       values ('ctex:A3', 1, 'ctex:L', 'ctex', 'stex', 'confirmed', 1, 1, '', $1, $1, now())`,
      [confirmation],
    );
    expect(await ageBreaks(addDays('2026-03-06', 1), desk.parts)).toMatchObject({ clear: 1 });
    expect((await desk.break(late)).state).toBe('expected');
    expect(await ageBreaks('2026-03-09', desk.parts)).toMatchObject({ open: 1 });
    expect([(await desk.break(late)).state, (await desk.break(done)).state]).toEqual(['open', 'closed']);
    const { rows } = await desk.database.query(`select detail from clearing_act where act = 'clear'`);
    expect(rows).toMatchObject([{ detail: { proof: { confirmation } } }]);
  });
});
