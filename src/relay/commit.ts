import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { recordReceipts } from '../journal/receipts.ts';
import { type DecisionRow, keepDecisions, queueDeliveries, recordMessages } from '../journal/record.ts';
import { citedKey, type Standing } from '../journal/standing.ts';
import { saveStanding } from '../journal/standing-save.ts';
import { lockStreams, saveHeads } from '../journal/streams.ts';
import { cosignDeals } from './cosigning.ts';
import type { RuleDesk } from './rule-desk.ts';
import { type Sealing, type Seals, sealAll } from './seal.ts';
import type { Effect } from './step.ts';
import { recheckOn } from './step-listing.ts';

/** An effect with the id and evidence its message will have. */
export interface Planned {
  readonly effect: Effect;
  readonly id: string;
  readonly atMs: number;
  readonly native?: NonNullable<Sealing['native']>;
  readonly sentToUs: boolean;
}

export interface CommitParts {
  readonly seals: Seals;
  rules(): RuleDesk;
  nowMs(): number;
}

/** Seals every planned message as the next of its stream and writes journal, standing, decisions and outbox. */
export async function commit(
  connection: Queryable,
  planned: readonly Planned[],
  standing: Standing,
  parts: CommitParts,
): Promise<void> {
  if (planned.length === 0) return;
  const rules = parts.rules();
  const at = new Date(parts.nowMs());
  const streams = await lockStreams(
    connection,
    planned.map(({ effect }) => ({ issuer: effect.issuer, name: effect.stream })),
  );
  const rows = await sealAll(
    planned.map(({ effect, id, atMs, native, sentToUs }) => ({
      id,
      kind: effect.message.kind,
      issuer: effect.issuer,
      audience: effect.audience,
      stream: effect.stream,
      subject: effect.listing,
      payload: effect.message,
      rulebook: citedBy(effect, standing) ?? rules.citation(citedExchange(effect), atMs),
      atMs,
      sentToUs,
      ...(native === undefined ? {} : { native }),
    })),
    ({ issuer, stream }) => streams.head(issuer, stream),
    parts.seals,
  );
  const cosigned = await cosignDeals(connection, planned, rows, parts.seals);
  // None of these waits for another's answer, so they travel together, in this order.
  await Promise.all([
    recordMessages(connection, rows),
    recordReceipts(connection, cosigned),
    saveHeads(
      connection,
      planned.map(({ effect }) => ({
        issuer: effect.issuer,
        name: effect.stream,
        head: streams.head(effect.issuer, effect.stream),
      })),
    ),
    saveStanding(connection, standing, at),
    keepDecisions(
      connection,
      planned.flatMap((one) => decisionRows(one, rules)),
      at,
      standing.existing,
    ),
    queueDeliveries(
      connection,
      planned.flatMap(({ effect, id }) =>
        effect.to.map((exchange) => ({ message: id, exchange, lane: effect.listing, kind: effect.message.kind })),
      ),
      at,
    ),
  ]);
}

/** What the gateway itself says rests on the home's rulebook. */
function citedExchange({ issuer, listing }: Effect): Exchange {
  return issuer === 'qiao' ? (listing.slice(0, 4) as Exchange) : issuer;
}

/**
 * What follows from a listing finishes under the rulebooks that it is shown under, whatever has come into force since;
 * a listing itself is of its own day.
 */
function citedBy({ issuer, audience, message, listing }: Effect, { cited }: Standing): string | undefined {
  if (message.kind === 'listing') return undefined;
  const host = [issuer, ...audience].find((participant) => cited.has(citedKey(listing, participant)));
  const under = host === undefined ? undefined : cited.get(citedKey(listing, host));
  return issuer === host ? under?.host : under?.home;
}

function decisionRows({ effect, id, atMs }: Planned, rules: RuleDesk): readonly DecisionRow[] {
  const { message } = effect;
  if (message.kind !== 'listing') return [];
  return effect.decisions.map(({ host, decision }) => ({
    listing: message.id,
    version: message.version,
    host,
    verdict: decision.verdict,
    message: id,
    body: JSON.stringify(decision),
    recheckOn: recheckOn(decision, [message.home, host], rules, atMs),
  }));
}
