import { instantAt } from '../contract/dates.ts';
import { type Exchange, exchangeNames } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { booksOf } from './book.ts';
import { type BreakCode, codes } from './codes.ts';
import type { Column, Row, Section } from './report.ts';
import { id, money, text } from './report-columns.ts';
import { type Compared, fenOf } from './report-rows.ts';
import type { Side } from './row.ts';

const count = (key: string, zh: string, en: string): Column => ({ key, zh, en, kind: 'count', width: 10 });

const books: readonly Column[] = [
  text('side', '账簿', 'book', 26),
  text('state', '状态', 'state', 18),
  count('batch', '批次', 'batch'),
  count('rows', '笔数', 'rows'),
  money('price', '价款合计', 'prices in all'),
  money('fee', '手续费合计', 'fees in all'),
  count('quarantined', '隔离行', 'quarantined'),
  id('digest', '摘要或截断点', 'SHA-256, or cut', 66),
  id('loaded', '装载时间', 'loaded at', 28),
];
const fates = {
  matched: { zh: '相符', en: 'matched' },
  tolerated: { zh: '容差内', en: 'tolerated' },
  'in-flight': { zh: '在途', en: 'on the way' },
  break: { zh: '差错', en: 'break' },
} as const;
const compared: readonly Column[] = [
  text('side', '账簿', 'book', 26),
  text('fate', '结果', 'result', 22),
  count('rows', '笔数', 'rows'),
  money('price', '价款合计', 'prices in all'),
];
const breaks: readonly Column[] = [
  text('code', '代码', 'code', 10),
  text('what', '差错', 'what', 40),
  text('severity', '级别', 'severity', 8),
  count('found', '当日发现', 'found'),
  count('open', '未结', 'still open'),
  count('overdue', '逾期', 'overdue'),
  money('value', '涉及金额', 'value'),
  money('over', '长款', 'surplus'),
  money('under', '短款', 'shortage'),
];
export function table(zh: string, en: string, columns: readonly Column[], rows: readonly Row[]): Section {
  return { zh, en, columns, rows: () => [rows] };
}

const nameOf = (side: Side) => (side === 'journal' ? '网关流水 journal' : `${exchangeNames[side].zh} ${side}`);

const bookStates = { loaded: '已装载 loaded', refused: '已拒收 refused', superseded: '已被替换 superseded' } as const;

/** Every book that came, those refused or replaced too. */
export async function booksTable(connection: Queryable, cycle: string): Promise<Section> {
  const all = await booksOf(connection, cycle);
  const rows = all.map(
    (book): Row => [
      nameOf(book.side),
      bookStates[book.state],
      book.batch === null ? null : BigInt(book.batch),
      book.rowCount,
      book.totalPriceFen,
      book.totalFeeFen,
      BigInt(book.quarantined),
      book.digest,
      instantAt(book.loadedAtMs),
    ],
  );
  return table('对账单', 'books', books, rows);
}

/** Where the rows of each book ended up; summed they are the book's own totals. */
export function comparisonTable({ counts }: Pick<Compared, 'counts'>): Section {
  const rows = Object.entries(counts.tally).flatMap(([side, heaps]) =>
    Object.entries(fates).map(([fate, { zh, en }]): Row => {
      const heap = heaps[fate as keyof typeof fates];
      return [nameOf(side as Exchange), `${zh} ${en}`, BigInt(heap.rows), fenOf(heap.priceFen)];
    }),
  );
  return table('对账结果', 'comparison', compared, rows);
}

interface Counted {
  readonly code: BreakCode;
  readonly severity: string;
  readonly found: bigint;
  readonly open: bigint;
  readonly overdue: bigint;
  readonly value: string;
  readonly over: string;
  readonly under: string;
}

/** By code and severity: those of the day's comparison, and those still open from before. */
export async function breaksTable(connection: Queryable, cycle: string, run: string): Promise<Section> {
  const found = await connection.query<Counted & Record<string, unknown>>(
    `with every as (
       select f.code, coalesce(b.severity, f.severity) as severity, true as is_found, b.state, b.due, f.value_fen, f.delta_fen
         from clearing_found f left join clearing_break b on b.id = f.break_id
        where f.run = $2 and f.outcome = 'break'
        union all
       select b.code, b.severity, false, b.state, b.due, b.value_fen, b.delta_fen from clearing_break b
        where b.state <> 'closed' and b.first_seen < $1::date
          and not exists (select from clearing_found n where n.run = $2 and n.break_id = b.id and n.outcome = 'break'))
     select code, severity, count(*) filter (where is_found) as found,
            count(*) filter (where state is distinct from 'closed') as open,
            count(*) filter (where state <> 'closed' and due < $1::date) as overdue,
            coalesce(sum(value_fen), 0)::text as value,
            coalesce(sum(delta_fen) filter (where delta_fen > 0), 0)::text as over,
            coalesce(sum(delta_fen) filter (where delta_fen < 0), 0)::text as under
       from every group by code, severity order by severity, code`,
    [cycle, run],
  );
  const rows = found.rows.map(
    ({ code, severity, found, open, overdue, value, over, under }): Row => [
      ...[code, `${codes[code].zh} ${codes[code].en}`, severity, found, open, overdue],
      ...[fenOf(value), fenOf(over), fenOf(under)],
    ],
  );
  return table('差错统计', 'breaks', breaks, rows);
}
