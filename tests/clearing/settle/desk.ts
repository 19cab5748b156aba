import { randomUUID } from 'node:crypto';
import type { DueOrder } from '../../../src/clearing/hold.ts';
import { type Instruction, type InstructParts, instructNet } from '../../../src/clearing/instruction.ts';
import { jobsHere } from '../../../src/clearing/jobs.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { reconcile } from '../../../src/clearing/reconcile.ts';
import { type Day, signDay, takeDaySignature, writeDay } from '../../../src/clearing/settle-day.ts';
import { reserveDeals } from '../../../src/clearing/settle-deals.ts';
import { type StatusParts, takeStatusFile } from '../../../src/clearing/settle-status.ts';
import { type Exchange, exchanges } from '../../../src/contract/exchange.ts';
import { formatFen } from '../../../src/contract/money.ts';
import type { Checked } from '../../../src/contract/refusal.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { testKey, trusting } from '../../envelope/keys.ts';
import { createTestDatabase } from '../../support/database.ts';

export const DAY = '2026-03-02';
export const by = { actor: 'zhou', role: 'maker' } as const;

export interface TestDeal {
  readonly no: string;
  readonly home?: Exchange;
  readonly host?: Exchange;
  readonly price?: bigint;
  readonly homeFee?: bigint;
  readonly hostFee?: bigint;
  readonly status?: 'concluded' | 'certified' | 'cancelled';
  /** What the host's book says beyond the price: a break. */
  readonly off?: bigint;
  readonly dealType?: string;
  readonly objectType?: string;
  readonly certificate?: string;
  readonly paid?: bigint;
  readonly currency?: string;
}

/** A settled order's value, or the reason why not as an error: for steps that a test needs and does not test. */
export function given<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new Error(JSON.stringify(checked.refusals));
  return checked.value;
}

/** What settling writes, and what these tests put there for it. */
export const WRITTEN = [
  ...['clearing_net', 'clearing_obligation', 'clearing_net_entry', 'clearing_hold', 'clearing_instruction'],
  ...['clearing_instruction_file', 'clearing_status_file', 'clearing_status', 'clearing_settlement', 'clearing_leg'],
  ...['clearing_day', 'clearing_day_signature', 'clearing_due', 'audit', 'leaf_waiting'],
];
const GIVEN = [
  ...['clearing_release', 'clearing_row', 'clearing_run', 'clearing_found', 'clearing_part', 'clearing_break'],
  ...['clearing_act', 'clearing_proposal', 'clearing_approval', 'clearing_adjustment', 'clearing_attachment'],
  ...['deal', 'listing', 'message'],
];

/** A clearing desk on a database of its own: deals are put where relay, loading and reading would have put them. */
export class Desk {
  readonly database: Database;
  readonly drop: () => Promise<void>;
  readonly #url: string;
  /** Receipts that were signed: message → reference. */
  readonly receipts = new Map<string, string>();
  readonly keys = {
    ctex: testKey('ctex', 'Ed25519'),
    stex: testKey('stex', 'ES256'),
    szse: testKey('szse', 'Ed25519'),
  };
  readonly trust = trusting(...exchanges.map((one) => this.keys[one].entry));
  allowed = true;
  #clock = Date.parse('2026-03-02T18:00:00+08:00');
  #seq = 0;

  static async open(): Promise<Desk> {
    const place = await createTestDatabase();
    const database = openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
    return new Desk(place.url, database, async () => {
      await database.close();
      await place.drop();
    });
  }

  private constructor(url: string, database: Database, drop: () => Promise<void>) {
    this.#url = url;
    this.database = database;
    this.drop = drop;
  }

  /** Empties these tables, as only their owner can: quicker than another database. */
  async empty(tables: readonly string[]): Promise<void> {
    const owner = openDatabase(this.#url, { max: 1 });
    try {
      const emptied = tables.map((name) => `delete from ${name};`).join(' ');
      await owner.query(`set session_replication_role = replica; ${emptied} set session_replication_role = origin`);
    } finally {
      await owner.close();
    }
  }

  /** As it was opened. */
  async clear(): Promise<void> {
    await this.empty([...WRITTEN, ...GIVEN]);
    this.receipts.clear();
    this.allowed = true;
  }

  nowMs = () => (this.#clock += 1000);

  /** The same desk over another database, one that fails for instance. */
  parts(database: Database = this.database): StatusParts & InstructParts {
    return {
      database,
      nowMs: this.nowMs,
      settlementAllowed: () => ({ ok: this.allowed }),
      recordSettled: async (_connection, settled) => {
        for (const { message, reference } of settled) this.receipts.set(message, reference);
        return { ok: true, value: undefined };
      },
    };
  }

  async #journal(kind: string, payload: object): Promise<string> {
    const id = randomUUID();
    const envelope = { payload: Buffer.from(JSON.stringify(payload)).toString('base64url'), signatures: [] };
    await this.database.query(
      `insert into message (id, kind, issuer, stream, seq, subject, envelope, recorded_at)
       values ($1, $2, 'ctex', 's', $3, 'x', $4, '${DAY}T10:00:00+08:00')`,
      [id, kind, ++this.#seq, Buffer.from(JSON.stringify(envelope))],
    );
    return id;
  }

  /** The home says a deal (again): message, standing, listing. */
  async say(deal: TestDeal): Promise<string> {
    const one = whole(deal);
    const { id, home, host } = one;
    const yuan = (fen: bigint) => ({ amount: formatFen(fen, 'yuan'), currency: 'CNY' });
    const listing = `${home}:L-${deal.no}`;
    const { rows } = await this.database.query('select id from listing where id = $1', [listing]);
    if (rows.length === 0) {
      const message = await this.#journal('listing', {
        kind: 'listing',
        id: listing,
        object: { type: one.objectType },
      });
      await this.database.query(
        `insert into listing (id, home, version, status, title, mode, message, assets, updated_at)
         values ($1, $2, 1, 'published', 't', 'listing', $3, '{}', now())`,
        [listing, home, message],
      );
    }
    const message = await this.#journal('deal', {
      kind: 'deal',
      ...{
        id,
        version: ++this.#seq,
        home,
        host,
        status: one.status,
        dealType: one.dealType,
        listing: { id: listing, version: 1 },
      },
      ...{ seller: { name: 'S' }, buyer: { name: 'B' }, price: yuan(one.price), concludedAt: `${DAY}T10:00:00+08:00` },
      fees: [
        { payer: 'seller', exchange: home, amount: yuan(one.homeFee) },
        { payer: 'buyer', exchange: host, amount: yuan(one.hostFee) },
      ],
      ...(one.status === 'concluded' ? {} : { certificate: one.certificate }),
    });
    await this.database.query(
      `insert into deal (id, version, listing, home, host, status, price_fen, due_fen, paid_fen, digest, message, updated_at)
       values ($1, 1, $2, $3, $4, $5, $6, $6, $7, '', $8, now())
       on conflict (id) do update set status = excluded.status, message = excluded.message, paid_fen = excluded.paid_fen`,
      [id, listing, home, host, one.status, one.price, one.paid, message],
    );
    return message;
  }

  /** Puts the rows of all three into the books of a day, in place of those of the same deals. */
  async book(deal: TestDeal, cycle = DAY): Promise<void> {
    const { id, home, host, status, price, homeFee, hostFee, off } = whole(deal);
    const state = status === 'concluded' ? 'signed' : status;
    await this.database.query('delete from clearing_row where deal_id = $1', [id]);
    const sides = [
      { side: 'journal', role: null, price, fee: homeFee + hostFee, fees: [homeFee, hostFee] },
      { side: home, role: 'home', price, fee: homeFee, fees: [null, null] },
      { side: host, role: 'host', price: price + off, fee: hostFee, fees: [null, null] },
    ];
    for (const one of sides) {
      await this.database.query(
        `insert into clearing_row (cycle, cycle_version, side, deal_id, ordinal, home, host, role, state, buyer, seller,
           price_fen, fee_fen, home_fee_fen, host_fee_fen, business_date, in_flight, native_number, line, book)
         values ($1::text, 1, $2, $3, 1, $4, $5, $6, $7, 'B', 'S', $8, $9, $10, $11, $1::text::date, false, 'n', 1, $12)`,
        [cycle, one.side, id, home, host, one.role, state, one.price, one.fee, ...one.fees, randomUUID()],
      );
    }
  }

  async trade(deal: TestDeal, cycle = DAY): Promise<string> {
    await this.book(deal, cycle);
    return this.say(deal);
  }

  /** Compares the books of a day; what netting needs to know. */
  async compare(cycle = DAY): Promise<DueOrder> {
    const order = { cycle, version: 1, tolerances: [] };
    const parts = { database: this.database, jobs: jobsHere(1), nowMs: this.nowMs, newId: randomUUID };
    const { run } = await reconcile(order, parts);
    const { rows } = await this.database.query<{ cut: bigint }>('select max(no) as cut from message');
    return { cycle, version: 1, run, cut: rows[0]!.cut ?? 0n };
  }

  async net(cycle = DAY) {
    return given(await netCycle(await this.compare(cycle), this.parts()));
  }

  async sign(day: Day, signer: readonly Exchange[] = exchanges): Promise<void> {
    for (const exchange of signer) {
      const jws = await signDay(day.bytes, { exchange, atMs: this.#clock, signers: [this.keys[exchange].signer] });
      given(await takeDaySignature({ cycle: day.cycle, exchange, jws }, this.signing()));
    }
  }

  signing() {
    return { database: this.database, trust: () => this.trust, nowMs: this.nowMs };
  }

  /** From loaded books to payments at the banks. */
  async instruct(cycle = DAY): Promise<readonly Instruction[]> {
    const order = await this.compare(cycle);
    given(await netCycle(order, this.parts()));
    await this.sign(given(await writeDay(this.database, order, this.nowMs)));
    return given(await instructNet({ cycle, settlesOn: '2026-03-03', by }, this.parts()));
  }

  async reserve(cycle = DAY) {
    const { rows } = await this.database.query<{ cut: bigint }>('select max(no) as cut from message');
    return reserveDeals({ cycle, cut: rows[0]!.cut }, this.parts());
  }

  async bank(file: string) {
    return given(await takeStatusFile({ bytes: Buffer.from(file), by }, this.parts()));
  }
}

function whole(deal: TestDeal) {
  const { home = 'ctex', host = 'stex', price = 100_000_00n } = deal;
  return {
    ...{ status: 'certified' as const, off: 0n, dealType: 'license', objectType: 'software', homeFee: 1_000_00n },
    ...{ hostFee: 500_00n, certificate: `Z-${deal.no}`, paid: price },
    ...deal,
    ...{ home, host, price, id: `${home}:${deal.no}` },
  };
}

/** A bank's pacs.002 of these payments. */
export function report(
  payments: readonly {
    readonly id: string;
    readonly status: string;
    readonly amount?: string;
    readonly reason?: string;
    readonly message?: string;
  }[],
  id = 'R1',
): string {
  const one = ({ id, status, amount, reason, message }: (typeof payments)[number]) =>
    `<TxInfAndSts>${message === undefined ? '' : `<OrgnlGrpInf><OrgnlMsgId>${message}</OrgnlMsgId><OrgnlMsgNmId>pacs.009.001.08</OrgnlMsgNmId></OrgnlGrpInf>`}` +
    `<OrgnlEndToEndId>${id}</OrgnlEndToEndId><TxSts>${status}</TxSts>` +
    (reason === undefined ? '' : `<StsRsnInf><Rsn><Cd>${reason}</Cd></Rsn></StsRsnInf>`) +
    (amount === undefined ? '' : `<OrgnlTxRef><IntrBkSttlmAmt Ccy="CNY">${amount}</IntrBkSttlmAmt></OrgnlTxRef>`) +
    '</TxInfAndSts>';
  return (
    '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"><FIToFIPmtStsRpt>' +
    `<GrpHdr><MsgId>${id}</MsgId><CreDtTm>2026-03-03T10:00:00+08:00</CreDtTm></GrpHdr>${payments.map(one).join('')}` +
    '</FIToFIPmtStsRpt></Document>'
  );
}

/** A bank's camt.054 of one account. */
export function notice(
  account: string,
  bookings: readonly {
    readonly id: string;
    readonly amount: string;
    readonly way: 'CRDT' | 'DBIT';
    readonly status?: string;
  }[],
  id = 'N1',
): string {
  const one = ({ id, amount, way, status = 'BOOK' }: (typeof bookings)[number], i: number) =>
    `<Ntry><NtryRef>B${i}</NtryRef><Amt Ccy="CNY">${amount}</Amt><CdtDbtInd>${way}</CdtDbtInd><Sts><Cd>${status}</Cd></Sts>` +
    `<NtryDtls><TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>' +
    `<GrpHdr><MsgId>${id}</MsgId><CreDtTm>2026-03-03T10:00:00+08:00</CreDtTm></GrpHdr><Ntfctn><Id>${id}</Id><Acct><Id><Othr>` +
    `<Id>${account}</Id></Othr></Id></Acct>${bookings.map(one).join('')}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`
  );
}
