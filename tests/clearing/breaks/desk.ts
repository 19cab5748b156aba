import { createHash, randomUUID } from 'node:crypto';
import type { Role } from '../../../src/access/actor.ts';
import type { Break } from '../../../src/clearing/break.ts';
import { breakColumns } from '../../../src/clearing/break.ts';
import { absorbRun } from '../../../src/clearing/break-absorb.ts';
import type { EngineParts } from '../../../src/clearing/break-keep.ts';
import type { Found } from '../../../src/clearing/classify.ts';
import { type BreakCode, breakId, severityOf } from '../../../src/clearing/codes.ts';
import { keepFound } from '../../../src/clearing/match-found.ts';
import type { Wish } from '../../../src/clearing/proposal.ts';
import { type By, type WorkParts, work } from '../../../src/clearing/work.ts';
import type { Order } from '../../../src/clearing/work-order.ts';
import { formatFen } from '../../../src/contract/money.ts';
import type { Checked } from '../../../src/contract/refusal.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { libraryCalendars } from '../../../src/rules/calendar.ts';
import { createTestDatabase } from '../../support/database.ts';

export const DAY = '2026-03-02';
const AMOUNT = /^(AMT[+-]|AMT2)$/;

/** What a comparison says of one deal of ctex at stex, as short as a test can say it. */
export interface Told {
  readonly deal: string;
  readonly code: BreakCode;
  readonly deltaFen?: bigint;
  readonly priceFen?: bigint;
  readonly outcome?: Found['outcome'];
}

export function finding({ deal, code, deltaFen, priceFen = 100_000n, outcome = 'break' }: Told): Found {
  const dealId = `ctex:${deal}`;
  const isAmount = AMOUNT.test(code);
  const side = isAmount && code !== 'AMT2' ? 'ctex' : code === 'STS' || code === 'DAT' ? 'stex' : null;
  const delta = isAmount ? (deltaFen ?? 1_234n) : null;
  const field = { AMT: 'price', STS: 'state', DAT: 'businessDate' }[code.slice(0, 3)];
  const [book, journal] =
    delta === null ? ['signed', 'certified'] : [priceFen + delta, priceFen].map((fen) => formatFen(fen, 'yuan'));
  const amountFen = delta === null ? 0n : delta < 0n ? -delta : delta;
  return {
    breakId: breakId({ home: 'ctex', host: 'stex', dealId, code, side }),
    dealId,
    code,
    codes: [code],
    outcome,
    side,
    home: 'ctex',
    host: 'stex',
    severity: severityOf(code, { amountFen, isFinal: false }),
    deltaFen: delta,
    valueFen: priceFen,
    businessDate: DAY,
    fields: field === undefined ? [] : [{ field, code, book: book!, journal: journal! }],
    blame: side,
  };
}

/** The desk of a test: its own database, people, a clock and the comparisons it is told. */
export class Desk {
  readonly database: Database;
  readonly drop: () => Promise<void>;
  nowMs = Date.parse('2026-03-02T18:00:00+08:00');
  #evidence: string | undefined;

  private constructor(database: Database, drop: () => Promise<void>) {
    this.database = database;
    this.drop = drop;
  }

  static async open(): Promise<Desk> {
    const place = await createTestDatabase();
    const database = openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
    return new Desk(database, async () => {
      await database.close();
      await place.drop();
    });
  }

  get parts(): EngineParts & WorkParts {
    return {
      database: this.database,
      calendar: libraryCalendars.statutory,
      limits: { escalationFen: 100_000_000, twoCheckersFen: 100_000_000, breaksAtOnce: 500 },
      nowMs: () => this.tick(),
      newId: randomUUID,
    };
  }

  /** A second later than before. */
  tick(): number {
    this.nowMs += 1000;
    return this.nowMs;
  }

  /** A finished comparison that found this, not yet taken over. */
  async run(told: readonly Told[], cycle = DAY): Promise<string> {
    const id = randomUUID();
    const at = new Date(this.tick());
    await this.database.query(
      `insert into clearing_run (id, cycle, version, rules_sha256, result_sha256, started_at, finished_at)
       values ($1, $2, 1, 'r', $3, $4, $4)`,
      [id, cycle, createHash('sha256').update(id).digest('hex'), at],
    );
    await keepFound(
      this.database,
      id,
      told.map((one) => [finding(one), { dealId: `ctex:${one.deal}`, a: undefined, g: undefined, b: undefined }]),
    );
    return id;
  }

  /** A comparison that found this, taken over. */
  async compare(told: readonly Told[], cycle = DAY) {
    return absorbRun(await this.run(told, cycle), this.parts);
  }

  /** A row of the books of a day, of a deal of ctex at stex. */
  async row(deal: string, side: 'ctex' | 'stex' | 'journal', cycle: string): Promise<void> {
    await this.database.query(
      `insert into clearing_row (cycle, cycle_version, side, deal_id, ordinal, home, host, role, state, buyer, seller,
         price_fen, fee_fen, business_date, in_flight, native_number, line, book)
       values ($1, 1, $2, $3, 1, 'ctex', 'stex', $4, 'signed', 'B', 'S', 100, 1, $5, false, 'n', 1,
         '00000000-0000-4000-8000-000000000000')`,
      [cycle, side, `ctex:${deal}`, { ctex: 'home', stex: 'host', journal: null }[side], cycle],
    );
  }

  async break(told: Told): Promise<Break> {
    const { rows } = await this.database.query<Break & Record<string, unknown>>(
      `select ${breakColumns('b')} from clearing_break b where id = $1`,
      [finding(told).breakId],
    );
    return rows[0]!;
  }

  /** One act on the break as it stands now. */
  async act(by: By, told: Told, order: Order): Promise<Checked<Break>> {
    const { id, version } = await this.break(told);
    const done = await work(this.parts, by, [{ breakId: id, version, order }]);
    if (!done.ok) throw new Error(done.refusals[0]!.en);
    return done.value[0]!;
  }

  /** The name of a piece of evidence that there is. */
  async evidence(): Promise<string> {
    if (this.#evidence === undefined) {
      const bytes = Buffer.from('a letter');
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await this.database.query(
        `insert into clearing_attachment (sha256, name, media_type, bytes, brought_by, at) values ($1, 'l', 'text/plain', $2, 'm', $3)`,
        [sha256, bytes, new Date(this.nowMs)],
      );
      this.#evidence = `attachment:${sha256}`;
    }
    return this.#evidence;
  }

  async wish(action: Wish['action'], entries: Wish['entries'] = []): Promise<Wish> {
    return { action, reason: 'amount-wrong', note: '', evidence: [await this.evidence()], entries };
  }

  async propose(by: By, told: Told, action: Wish['action']): Promise<Checked<Break>> {
    return this.act(by, told, { act: 'propose', wish: await this.wish(action) });
  }

  async approve(by: By, told: Told): Promise<Checked<Break>> {
    const { proposalSha256 } = await this.break(told);
    return this.act(by, told, { act: 'approve', sha256: proposalSha256 ?? '' });
  }

  /** Names of accounts by what is booked, in fen. */
  async books(): Promise<Record<string, bigint>> {
    const { rows } = await this.database.query<{ account: string; fen: string }>(
      'select account, sum(amount_fen)::text as fen from clearing_entry group by account having sum(amount_fen) <> 0 order by 1',
    );
    return Object.fromEntries(rows.map(({ account, fen }) => [account, BigInt(fen)]));
  }
}

export function person(name: string, role: Role): By {
  return { name, role };
}

/** The codes of a refusal; the state where it was done. */
export function outcome(done: Checked<Break>): string {
  return done.ok ? done.value.state : done.refusals.map(({ code }) => code).join();
}
