import { addDays } from '../../src/contract/dates.ts';
import {
  type Calendar,
  coveredThrough,
  createCalendars,
  isWorkingDay,
  libraryCalendars,
  workingDayFrom,
  workingDaysBetween,
} from '../../src/rules/calendar.ts';
import { periodEnd } from '../../src/rules/period.ts';

const { statutory, securities } = libraryCalendars;
const working = (count: number) => ({ count, unit: 'working-day' }) as const;
const calendarDays = (count: number) => ({ count, unit: 'calendar-day' }) as const;

describe('working days as the State Council arranged them', () => {
  const makeUp: Record<number, string[]> = {
    2024: ['02-04', '02-18', '04-07', '04-28', '05-11', '09-14', '09-29', '10-12'],
    2025: ['01-26', '02-08', '04-27', '09-28', '10-11'],
    2026: ['01-04', '02-14', '02-28', '05-09', '09-20', '10-10'],
  };

  test.each([
    [2024, 251, 243],
    [2025, 248, 243],
    [2026, 248, 242],
  ])('%i has %i statutory working days and %i securities trading days', (year, workdays, tradingDays) => {
    const count = (calendar: Calendar) => {
      let days = 0;
      for (let date = `${year}-01-01`; date <= `${year}-12-31`; date = addDays(date, 1)) {
        if (isWorkingDay(calendar, date)) days++;
      }
      return days;
    };
    expect([count(statutory), count(securities)]).toEqual([workdays, tradingDays]);
  });

  test.each([2024, 2025, 2026])('the make-up weekends of %i are worked, but no trading days', (year) => {
    const found: string[] = [];
    for (let date = `${year}-01-01`; date <= `${year}-12-31`; date = addDays(date, 1)) {
      if (isWorkingDay(statutory, date) && !isWorkingDay(securities, date)) found.push(date.slice(5));
    }
    expect(found).toEqual(makeUp[year]);
  });

  test('working days between two dates leave the first out and count the last', () => {
    expect(workingDaysBetween(statutory, '2026-03-02', '2026-03-16')).toBe(10);
    expect(workingDaysBetween(statutory, '2026-03-02', '2026-03-02')).toBe(0);
    expect(workingDaysBetween(statutory, '2026-12-01', '2027-01-04')).toBeUndefined();
  });
});

describe('periods end as the Civil Code counts them', () => {
  test.each([
    ['2026-02-10', 10, '2026-03-02'],
    ['2026-02-10', 20, '2026-03-16'],
    ['2026-09-30', 20, '2026-11-03'],
    ['2025-01-24', 10, '2025-02-13'],
    ['2024-09-30', 10, '2024-10-18'],
    ['2026-09-18', 10, '2026-10-09'],
  ])('from %s, %i working days end on %s', (from, count, end) => {
    expect(periodEnd(statutory, from, working(count))).toBe(end);
  });

  test('with the first day counted, ten working days from 2026-02-10 end on 2026-02-28', () => {
    expect(periodEnd(statutory, '2026-02-10', working(10), 'included')).toBe('2026-02-28');
  });

  test.each([
    ['2026-02-10', 10, '2026-03-04'],
    ['2026-09-18', 10, '2026-10-12'],
  ])('from %s, %i trading days end on %s', (from, count, end) => {
    expect(periodEnd(securities, from, working(count))).toBe(end);
  });

  test.each([
    ['2026-02-05', '2026-02-24'],
    ['2026-04-20', '2026-05-06'],
    ['2026-09-16', '2026-10-08'],
  ])('fifteen calendar days from %s roll over the holiday to %s', (from, end) => {
    expect(periodEnd(statutory, from, calendarDays(15))).toBe(end);
  });

  test('months and years end on the corresponding day, or the last of a shorter month, and roll forward (202, 203)', () => {
    expect(periodEnd(statutory, '2026-01-15', { count: 2, unit: 'month' })).toBe('2026-03-16');
    expect(periodEnd(statutory, '2026-03-31', { count: 1, unit: 'month' })).toBe('2026-04-30');
    expect(periodEnd(statutory, '2024-02-29', { count: 1, unit: 'year' })).toBe('2025-02-28');
    expect(periodEnd(statutory, '2025-07-01', { count: 12, unit: 'month' })).toBe('2026-07-01');
    expect(periodEnd(statutory, '2025-10-31', { count: 4, unit: 'month' })).toBe('2026-02-28');
    expect(periodEnd(securities, '2025-10-31', { count: 4, unit: 'month' })).toBe('2026-03-02');
  });

  test('a period begun on a day of rest counts from the next day on, whether the first day counts or not', () => {
    expect(periodEnd(statutory, '2026-03-07', working(1))).toBe('2026-03-09');
    expect(periodEnd(statutory, '2026-03-07', working(1), 'included')).toBe('2026-03-09');
  });
});

describe('outside the covered years nothing is said', () => {
  test('2027, of which the library knows nothing but answers, is not covered', () => {
    expect(isWorkingDay(statutory, '2027-10-01')).toBeUndefined();
    expect(workingDayFrom(statutory, '2027-01-04')).toBeUndefined();
    expect(periodEnd(statutory, '2027-03-01', working(1))).toBeUndefined();
    expect(coveredThrough(statutory, '2026-06-01')).toBe('2026-12-31');
  });

  test('a period that runs into 2027 has no end', () => {
    expect(periodEnd(statutory, '2026-12-30', working(1))).toBe('2026-12-31');
    expect(periodEnd(statutory, '2026-12-30', working(2))).toBeUndefined();
    expect(periodEnd(statutory, '2026-12-20', calendarDays(15))).toBeUndefined();
    expect(periodEnd(securities, '2026-12-20', { count: 1, unit: 'year' })).toBeUndefined();
  });

  test.each(['1999-12-31', '2003-06-01', '2023-12-31'])('%s lies before the coverage', (date) => {
    expect(isWorkingDay(statutory, date)).toBeUndefined();
    expect(periodEnd(statutory, date, working(3))).toBeUndefined();
    expect(coveredThrough(statutory, date)).toBeUndefined();
  });

  test('a new State Council notice covers its year and replaces what the library says', () => {
    const notice = {
      year: 2027,
      source: '示例通知',
      rest: ['2027-01-01', '2027-02-08', '2027-10-01'],
      work: ['2027-01-30'],
    };
    const { statutory: with2027, securities: trading } = createCalendars([notice]);
    expect(periodEnd(with2027, '2026-12-30', working(2))).toBe('2027-01-04');
    expect(isWorkingDay(with2027, '2027-01-30')).toBe(true);
    expect(isWorkingDay(trading, '2027-01-30')).toBe(false);
    expect(isWorkingDay(with2027, '2027-02-08')).toBe(false);
    expect(isWorkingDay(statutory, '2027-01-30')).toBeUndefined();
  });

  test('a year left out between two covered ones is not jumped', () => {
    const { statutory: gap } = createCalendars([{ year: 2028, source: '示例通知', rest: [], work: [] }]);
    expect(isWorkingDay(gap, '2027-05-05')).toBeUndefined();
    expect(isWorkingDay(gap, '2028-01-03')).toBe(true);
    expect(periodEnd(gap, '2026-12-30', working(2))).toBeUndefined();
    expect(workingDaysBetween(gap, '2026-12-30', '2028-01-03')).toBeUndefined();
  });
});
