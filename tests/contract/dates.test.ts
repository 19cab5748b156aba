import fc from 'fast-check';
import {
  addDays,
  dateAt,
  dayNumber,
  daysBetween,
  instantAt,
  instantMs,
  isDate,
  isInstant,
} from '../../src/contract/dates.ts';

/** Days since 1970-01-01 of a Gregorian date: Hinnant's `days_from_civil`, without any Date object. */
function civilDay(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function lengthOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const written = (year: number, month: number, day: number) =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

const anyDay = fc
  .tuple(fc.integer({ min: 1900, max: 2199 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }))
  .filter(([year, month, day]) => day <= lengthOf(year, month));

describe('business dates', () => {
  test('a date exists exactly when the Gregorian calendar has it', () => {
    for (const year of [1900, 2000, 2023, 2024, 2100, 2199]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const exists = month >= 1 && month <= 12 && day >= 1 && day <= lengthOf(year, month);
          expect([written(year, month, day), isDate(written(year, month, day))]).toEqual([
            written(year, month, day),
            exists,
          ]);
        }
      }
    }
  });

  test.each([
    '',
    '20260302',
    '2026-3-2',
    '2026/03/02',
    '2026-03-02T00:00:00Z',
    ' 2026-03-02',
    '2026-03-02\n',
    '1899-12-31',
    '2200-01-01',
    '0000-00-00',
    '２０２６-03-02',
    '+2026-03-02',
  ])('%p is no date', (text) => {
    expect(isDate(text)).toBe(false);
  });

  test('days are counted as an independent day counter counts them', () => {
    fc.assert(
      fc.property(anyDay, anyDay, (a, b) => {
        const [from, to] = [written(...a), written(...b)];
        expect(dayNumber(from)).toBe(civilDay(...a));
        expect(daysBetween(from, to)).toBe(civilDay(...b) - civilDay(...a));
        expect(addDays(from, civilDay(...b) - civilDay(...a))).toBe(to);
      }),
    );
  });
});

describe('instants', () => {
  test.each(['2026-03-02T09:30:00+08:00', '2026-03-02T23:59:59.999+08:00', '2024-02-29T00:00:00.5+08:00'])(
    '%s is an instant',
    (text) => {
      expect(isInstant(text)).toBe(true);
    },
  );

  test.each([
    '2026-03-02T09:30:00Z',
    '2026-03-02T09:30:00+00:00',
    '2026-03-02T09:30:00',
    '2026-03-02 09:30:00+08:00',
    '2026-02-29T09:30:00+08:00',
    '2026-03-02T24:00:00+08:00',
    '2026-03-02T09:60:00+08:00',
    '2026-03-02T09:30:60+08:00',
    '2026-03-02T09:30+08:00',
    '2026-03-02T09:30:00.1234+08:00',
    '2026-03-02T09:30:00.+08:00',
    '2026-03-02t09:30:00+08:00',
    '2026-03-02T09:30:00+08:00 ',
  ])('%s is none', (text) => {
    expect(isInstant(text)).toBe(false);
  });

  test('milliseconds become an instant and the instant the same milliseconds', () => {
    const ms = fc.integer({ min: Date.UTC(1900, 0, 2), max: Date.UTC(2199, 11, 30) });
    fc.assert(
      fc.property(ms, (at) => {
        const text = instantAt(at);
        expect(isInstant(text)).toBe(true);
        expect(instantMs(text)).toBe(at);
        expect(text.startsWith(`${dateAt(at)}T`)).toBe(true);
        expect(dayNumber(dateAt(at))).toBe(Math.floor((at + 8 * 3_600_000) / 86_400_000));
      }),
    );
  });

  test('the business day of Shanghai begins at 16:00 UTC', () => {
    expect(dateAt(Date.UTC(2026, 2, 1, 15, 59, 59, 999))).toBe('2026-03-01');
    expect(dateAt(Date.UTC(2026, 2, 1, 16))).toBe('2026-03-02');
    expect(instantAt(Date.UTC(2026, 2, 2, 1, 30))).toBe('2026-03-02T09:30:00+08:00');
    expect(instantAt(Date.UTC(2026, 2, 2, 1, 30, 0, 40))).toBe('2026-03-02T09:30:00.040+08:00');
  });
});
