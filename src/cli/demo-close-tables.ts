import { exchanges } from '../contract/exchange.ts';
import type { Caller } from './demo-desk.ts';
import type { Act } from './demo-report.ts';
import { table } from './table.ts';

interface Bilingual {
  readonly zh: string;
  readonly en: string;
}
export interface Day extends Bilingual {
  readonly state: string;
  readonly blocked: readonly (Bilingual & { readonly exchange: string | null })[];
  readonly checklist: readonly (Bilingual & {
    readonly done: {
      readonly at: string;
      readonly by: string;
      readonly detail: Readonly<Record<string, unknown>>;
    } | null;
  })[];
  readonly books: readonly {
    readonly side: string;
    readonly batch: number;
    readonly rows: number;
    readonly totalPrice: string;
    readonly totalFee: string;
    readonly digest: string;
  }[];
}
export interface BreakLine extends Bilingual {
  readonly id: string;
  readonly code: string;
  readonly deal: string;
  readonly exchange: string | null;
  readonly delta: string | null;
  readonly severity: string;
  readonly state: string;
  readonly stateNames: Bilingual;
}
type Column = { readonly price: string } | null;
export interface BreakRecord extends BreakLine {
  readonly columns: { readonly a: Column; readonly g: Column; readonly b: Column };
  readonly proposed: { readonly sha256: string } | null;
  readonly acts: readonly {
    act: string;
    names: Bilingual;
    from: string | null;
    to: string | null;
    actor: string;
    role: string;
  }[];
}
interface NetLine {
  readonly id: string;
  readonly state: string;
  readonly entries: number;
  readonly heldDeals: number;
  readonly nets: readonly {
    readonly gross: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly positions: Readonly<Record<string, string>>;
    readonly legs: readonly { readonly payer: string; readonly payee: string; readonly amount: string }[];
  }[];
}
export async function showBooks({ books }: Day, say: Act['say']): Promise<void> {
  const lines = books.map(({ side, batch, rows, totalPrice, totalFee, digest }) => [
    side === 'journal' ? 'journal 流水' : side,
    String(batch),
    String(rows),
    totalPrice,
    totalFee,
    digest.slice(0, 16),
  ]);
  const head = ['账 book', '批次 batch', '笔数 rows', '成交额 price', '手续费 fee', '摘要或截断 digest or cut'];
  await say(table(head, lines));
}

export async function showBreaks(items: readonly BreakLine[], by: Caller, say: Act['say']): Promise<void> {
  const records = await Promise.all(items.map(({ id }) => by.get<BreakRecord>(`/v1/clearing/breaks/${id}`)));
  const price = (column: Column) => column?.price ?? '—';
  await say(
    table(
      ['差错 break', '成交 deal', '交易所', 'A 挂牌所', 'G 网关', 'B 转发所', '差额 delta', '级别'],
      records.map(({ code, zh, deal, exchange, columns: { a, g, b }, delta, severity }) => [
        `${code} ${zh}`,
        deal,
        exchange ?? '—',
        ...[price(a), price(g), price(b), delta ?? '—', severity],
      ]),
      [24, 22, 8, 14, 14, 14, 12, 6],
    ),
  );
  const acts = records.flatMap((record) =>
    record.acts.map((one) => [
      `${one.names.zh} ${one.act}`,
      `${one.from ?? ''} → ${one.to ?? ''}`,
      one.actor,
      one.role,
    ]),
  );
  await say(table(['处理 act', '状态 state', '谁 who', '角色 role'], acts));
}

export async function showNets(date: string, by: Caller, say: Act['say']): Promise<void> {
  const { items } = await by.get<{ items: NetLine[] }>(`/v1/clearing/cycles/${date}/nets`);
  const lines = items
    .toReversed()
    .map(({ id, state, entries, heldDeals, nets }) => [
      id,
      state,
      String(entries),
      String(heldDeals),
      nets.flatMap(({ positions }) => exchanges.map((one) => `${one} ${positions[one]}`)).join('\n'),
      nets.flatMap(({ legs }) => legs.map(({ payer, payee, amount }) => `${payer} → ${payee} ${amount}`)).join('\n') ||
        '—',
    ]);
  const head = ['轧差 net', '状态 state', '笔数 entries', '挂起 held', '净额 positions, 元', '应付 payments, 元'];
  await say(table(head, lines));
}

export async function showChecklist({ checklist }: Day, say: Act['say']): Promise<void> {
  const lines = checklist.map(({ zh, en, done }) => [
    zh,
    en,
    done === null ? '—' : done.at.slice(11, 19),
    done?.by ?? '—',
  ]);
  await say(table(['日终清单', 'checklist', '时刻 at', '谁 by'], lines));
}
