import { type Exchange, exchangeNames } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import type { Column, Report, Row, Section } from './report.ts';
import { type Compared, comparedFor, fenOf, pagesOf } from './report-rows.ts';

const columns: readonly Column[] = [
  { key: 'item', zh: '项目', en: 'item', kind: 'text', width: 44 },
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 26 },
  { key: 'break', zh: '差错号', en: 'break', kind: 'id', width: 34 },
  { key: 'code', zh: '代码', en: 'code', kind: 'text', width: 10 },
  { key: 'journal', zh: '网关流水', en: 'journal', kind: 'money', width: 20 },
  { key: 'book', zh: '交易所账', en: "exchange's book", kind: 'money', width: 20 },
];

/** What stands between two balances, and which of them it moves. */
const items = {
  'book-only': '加：交易所已记、网关未记 in the book, not in the journal',
  'journal-only': '加：网关已记、交易所未记 in the journal, not in the book',
  differs: '调：金额不符 the amounts differ',
  repeated: '减：重复记账 entered again',
  quarantined: '减：隔离行所载金额 in rows that could not be read',
} as const;

/**
 * 余额调节表: for each exchange, how its book and our journal come to the same sum of prices. The balances are the control
 * totals of the two; what stands between them is what the comparison found, deal by deal. So both meet to the fen only
 * if nothing was overlooked and nothing invented.
 *
 * Refused: the day has not been compared (`/cycle`), or its rows are not loaded any more.
 */
export async function balancesReport(
  connection: Queryable,
  cycle: string,
  exchanges: readonly Exchange[],
): Promise<Checked<Report>> {
  const compared = await comparedFor(connection, cycle);
  if (!compared.ok) return compared;
  const { version, resultSha256 } = compared.value;
  const sections: Section[] = [];
  const facts = [
    { zh: '对账版本', en: 'comparison', value: String(version) },
    { zh: '对账结果摘要', en: 'SHA-256 of the result', value: resultSha256 },
  ];
  for (const side of exchanges) {
    const start = await startOf(connection, cycle, version, side);
    if (start === undefined) continue;
    if (!start.isWhole) return refused(refuse('state-forbids', '/cycle', `${side} ${cycle}`));
    const sums = { journal: start.journalFen, book: start.bookFen };
    const read = () => itemsOf(connection, { cycle, side, ...compared.value }, start.unreadFen);
    for await (const page of read()) add(sums, page);
    const apartFen = sums.book - sums.journal;
    const names = exchangeNames[side];
    facts.push({
      zh: `${names.zh}调节后差额`,
      en: `${names.en}: difference when adjusted`,
      value: formatFen(apartFen, 'yuan'),
    });
    sections.push({
      zh: names.zh,
      en: names.en,
      columns,
      async *rows() {
        yield [['余额 balance', null, null, null, start.journalFen, start.bookFen]];
        yield* read();
        yield [
          ['调节后余额 adjusted balance', null, null, null, sums.journal, sums.book],
          ['差额 difference', null, null, null, null, apartFen],
        ];
      },
    });
  }
  return accepted({ kind: 'balances', zh: '余额调节表', en: 'Reconciliation of balances', cycle, facts, sections });
}

function add(sums: { journal: bigint; book: bigint }, page: readonly Row[]): void {
  for (const row of page) {
    sums.journal += (row[4] as bigint | null) ?? 0n;
    sums.book += (row[5] as bigint | null) ?? 0n;
  }
}

interface Start {
  readonly journalFen: bigint;
  readonly bookFen: bigint;
  /** In quarantined rows, as far as it could be read there: what the book's total has beyond its rows. */
  readonly unreadFen: bigint;
  /** As many rows are there as the book says. */
  readonly isWhole: boolean;
}

/** The journal's deals of the day that concern the exchange, and those of other days that its book names; and its book. */
async function startOf(
  connection: Queryable,
  cycle: string,
  version: number,
  side: Exchange,
): Promise<Start | undefined> {
  const { rows } = await connection.query<{
    journal: string | null;
    total: string;
    read: string | null;
    isWhole: boolean;
  }>(
    `with own as (select * from clearing_row_seen where cycle = $1 and cycle_version = $2)
     select b.total_price_fen::text as total,
            (select sum(price_fen)::text from own where side = $3) as read,
            (select count(*) from own where side = $3) + b.quarantined = b.row_count
              and (select count(*) from own where side = 'journal') = coalesce((select row_count from clearing_book
                     where cycle = $1 and side = 'journal' and state = 'loaded' and (select viewer()) = '*'),
                   (select count(*) from own where side = 'journal')) as "isWhole",
            (select sum(j.price_fen)::text from own j
              where j.side = 'journal' and $3 in (j.home, j.host) and (j.business_date = $1::date
                or exists (select from own s where s.side = $3 and s.deal_id = j.deal_id))) as journal
       from clearing_book b where b.cycle = $1 and b.side = $3 and b.state = 'loaded'`,
    [cycle, version, side],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const bookFen = fenOf(found.total);
  return {
    journalFen: fenOf(found.journal),
    bookFen,
    unreadFen: bookFen - fenOf(found.read),
    isWhole: found.isWhole,
  };
}

interface Item {
  readonly kind: keyof typeof items;
  readonly deal: string;
  readonly break: string | null;
  readonly code: string;
  readonly fen: string;
}

async function* itemsOf(
  connection: Queryable,
  { cycle, version, run, side }: Compared & { readonly cycle: string; readonly side: Exchange },
  unreadFen: bigint,
): AsyncGenerator<readonly Row[], void, void> {
  const values = [run, side, cycle, version];
  for await (const page of pagesOf<Item>(connection, between, values)) yield page.map(rowOf);
  if (unreadFen !== 0n) yield [[items.quarantined, null, null, null, null, -unreadFen]];
}

function rowOf({ kind, deal, break: id, code, fen }: Item): Row {
  const amount = BigInt(fen);
  const isOfJournal = kind === 'book-only';
  return [items[kind], deal, id, code, isOfJournal ? amount : null, isOfJournal ? null : amount];
}

/**
 * One item a deal, whatever was found of it: of its findings the one of this side first. A deal of another day is in the
 * journal's balance only where this book names it.
 */
const between = `
  with found as (
    select distinct on (deal_id, home, host) deal_id, break_id, code,
           case when home = $2 then seen -> 'a' else seen -> 'b' end as said, seen -> 'g' as known
      from clearing_found where run = $1 and $2 in (home, host)
     order by deal_id, home, host, side is distinct from $2, side is not null, break_id),
  priced as (
    select deal_id, break_id, code, known ->> 'businessDate' as day,
           replace(said ->> 'price', '.', '')::bigint as said, replace(known ->> 'price', '.', '')::bigint as known
      from found)
  select case when known is null then 'book-only' when said is null then 'journal-only' else 'differs' end as kind,
         deal_id as deal, break_id as break, code, (coalesce(known, said) - case when known is null or said is null then 0 else said end)::text as fen
    from priced where said is distinct from known and (said is not null or day = $3)
   union all
  select 'repeated', deal_id, null, 'DUP', (-price_fen)::text from clearing_row_seen
   where cycle = $3 and cycle_version = $4 and side = $2 and ordinal > 1
   order by 2, 1`;
