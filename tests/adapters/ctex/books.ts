import { createHash } from 'node:crypto';

type Row = Readonly<Record<string, string>>;

export const rows: readonly Row[] = [
  {
    dealNo: 'CJ2026-000045',
    role: 'HOME',
    counterExchange: 'STEX',
    state: 'CERTIFIED',
    buyerCode: '91310110MA1G003960',
    sellerCode: '91110108MA0000015T',
    dealPrice: '1250000.00',
    fee: '11500.00',
    bizDate: '2026-03-19',
    fundState: 'PART',
  },
  {
    dealNo: 'CJ2026-900003',
    homeDealId: '沪技成2026-0000113',
    role: 'HOST',
    counterExchange: 'STEX',
    state: 'SIGNED',
    buyerCode: '91110108MA0000015T',
    sellerCode: '91310110MA1G003960',
    dealPrice: '20.01',
    fee: '0.00',
    bizDate: '2026-03-19',
    fundState: 'NONE',
  },
];

/** SHA-256 over the rows' canonical JSON, computed apart from the adapter. */
export function digestOf(all: readonly Row[]): string {
  const canonical = all.map((row) =>
    JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
  );
  return createHash('sha256')
    .update(`[${canonical.join(',')}]`)
    .digest('hex');
}

/** One page of day-end books of 2026-03-19. */
export function bookPage(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    date: '2026-03-19',
    seq: 1,
    page: 1,
    pages: 1,
    count: 2,
    totalPrice: '1250020.01',
    totalFee: '11500.00',
    openingCount: 44,
    rows,
    digest: digestOf(rows),
    ...changes,
  };
}
