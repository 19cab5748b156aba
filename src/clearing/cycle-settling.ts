import { addDays } from '../contract/dates.ts';
import { exchanges } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { Database } from '../journal/database.ts';
import { type Calendars, workingDayFrom } from '../rules/calendar.ts';
import { absorbRun } from './break-absorb.ts';
import type { EngineParts } from './break-keep.ts';
import { verifyPosted } from './break-verify.ts';
import type { Blocker, Cycle, Taker } from './cycle.ts';
import type { Outcome, Steps } from './cycle-close.ts';
import { ageBreaks } from './escalation.ts';
import { type InstructParts, instructionsOf, instructNet } from './instruction.ts';
import { netCycle } from './net-cycle.ts';
import { latestNetOf, type NetSummary } from './net-read.ts';
import { dayOf, signaturesOf, writeDay } from './settle-day.ts';
import { reserveDeals } from './settle-deals.ts';

export interface SettlingParts extends Pick<InstructParts, 'rules' | 'samplesRefused'> {
  readonly database: Database;
  /** Of the breaks. */
  readonly engine: EngineParts;
  readonly calendars: Calendars;
  /** Whether the log is witnessed as it must be for money to move; where not, why. */
  settlementAllowed(): { readonly ok: true } | { readonly ok: false; readonly zh: string; readonly en: string };
  nowMs(): number;
}

type Settling = Required<
  Pick<Steps, 'reconciled' | 'held' | 'netted' | 'confirmed' | 'instructed' | 'settled' | 'failed'>
>;

/** From the comparison to the end of the day. Each step may be taken again: what it does is done once by what it calls. */
export function settlingSteps(parts: SettlingParts): Settling {
  const { database, engine } = parts;
  return {
    /** Breaks hold their own deals out, and nothing else. */
    async reconciled({ cycle, run }) {
      const acts = await absorbRun(run!, engine);
      await ageBreaks(cycle, engine);
      return { to: 'held', detail: { acts } };
    },

    async held(cycle) {
      await verifyPosted(engine);
      const net = await netCycle(orderOf(cycle), parts);
      if (!net.ok) return inTheWay('settlement', net.refusals);
      return { to: 'netted', detail: detailOf(net.value) };
    },

    /** Three signatures under what the day comes to. Until the first of them a break that is done with lets its deal in. */
    async netted(cycle) {
      const signed = await signedBy(cycle, parts);
      if (signed.length === 0) {
        await verifyPosted(engine);
        const net = await netCycle(orderOf(cycle), parts);
        if (!net.ok) return inTheWay('settlement', net.refusals);
      }
      const day = await writeDay(database, { cycle: cycle.cycle, cut: cycle.cut! }, parts.nowMs);
      if (!day.ok) return inTheWay('settlement', day.refusals);
      const missing = exchanges.filter((exchange) => !signed.includes(exchange));
      if (missing.length === 0) return { to: 'confirmed', detail: { sha256: day.value.sha256, net: day.value.net } };
      return {
        blocked: missing.map((exchange): Blocker => {
          const [zh, en] = ['尚未签署日终结果', "it has not signed the day's result yet"];
          return { code: 'signature', exchange, stops: false, zh, en };
        }),
      };
    },

    async confirmed({ cycle, cut }, by) {
      const gate = parts.settlementAllowed();
      if (!gate.ok)
        return { blocked: [{ code: 'settlement', exchange: null, stops: false, zh: gate.zh, en: gate.en }] };
      const settlesOn = workingDayFrom(parts.calendars.statutory, addDays(cycle, 1)) ?? addDays(cycle, 1);
      const told = await instructNet({ cycle, settlesOn, by: { actor: by.name, role: by.role } }, parts);
      if (!told.ok) return inTheWay('settlement', told.refusals);
      const { reserved, voided, waiting } = await reserveDeals({ cycle, cut: cut! }, parts);
      return {
        to: 'instructed',
        detail: { settlesOn, instructions: told.value.length, reserved, voided, waiting: waiting.length },
      };
    },

    async instructed({ cycle }) {
      const net = await latestNetOf(database, cycle);
      if (net?.state === 'settled' || net?.state === 'failed') return { to: net.state, detail: { net: net.id } };
      // Called off: what was in it waits for the next net.
      if (net?.state === 'aborted') return { to: 'failed', detail: { net: net.id, aborted: true } };
      const open = (net === undefined ? [] : await instructionsOf(database, net.id)).filter(
        ({ state }) => state === 'instructed',
      );
      return {
        blocked: open.map(({ id, payer, fen }): Blocker => {
          const amount = formatFen(fen, 'yuan');
          const [zh, en] = [
            `指令 ${id}（${amount} 元）未有银行回执`,
            `no bank has said what became of ${id} (${amount} yuan)`,
          ];
          return { code: 'status', exchange: payer, stops: false, zh, en };
        }),
      };
    },

    settled: async () => ({ to: 'closed', detail: {} }),
    failed: async () => ({ to: 'closed', detail: {} }),
  } satisfies Record<string, (cycle: Cycle, by: Taker) => Promise<Outcome>>;
}

function orderOf({ cycle, version, run, cut }: Cycle) {
  return { cycle, version, run: run!, cut: cut! };
}

function detailOf({ id, nets, entries, heldDeals }: NetSummary) {
  const payIns = nets.map(({ currency, payIn }) => `${currency} ${payIn}`).join(', ');
  return { net: id, entries: Number(entries), held: Number(heldDeals), payIn: payIns };
}

/** Who has signed the result that stands. */
async function signedBy({ cycle }: Cycle, { database }: SettlingParts): Promise<readonly string[]> {
  const [day, net] = [await dayOf(database, cycle), await latestNetOf(database, cycle)];
  if (day === undefined || day.net !== net?.id) return [];
  return (await signaturesOf(database, day)).map(({ exchange }) => exchange);
}

function inTheWay(code: Blocker['code'], refusals: readonly Refusal[]): Outcome {
  return { blocked: refusals.map(({ zh, en }) => ({ code, exchange: null, stops: false, zh, en })) };
}
