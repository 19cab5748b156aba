import { dateAt, instantAt } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import { recordMessages } from '../journal/record.ts';
import { lockNames } from '../journal/rows.ts';
import { keepRulebook, rulebookRows } from '../journal/rulebooks.ts';
import { lockStreams, saveHeads } from '../journal/streams.ts';
import { admitBuyer } from '../rules/buyer.ts';
import type { Calendars } from '../rules/calendar.ts';
import { decide } from '../rules/decide.ts';
import { inForce, type Rulebook, readRulebook } from '../rules/rulebook.ts';
import type { RuleDesk } from './rule-desk.ts';
import { type Seals, seal } from './seal.ts';

export type Histories = ReadonlyMap<Exchange, readonly Rulebook[]>;

/** All rulebooks ever adopted. Rows are checked again: a database can be older than the schema. */
export async function readHistories(connection: Queryable, exchanges: readonly Exchange[]): Promise<Histories> {
  const histories = new Map<Exchange, Rulebook[]>(exchanges.map((exchange) => [exchange, []]));
  for (const row of await rulebookRows(connection)) {
    const read = readRulebook(row.body);
    if (!read.ok || read.value.sha256 !== row.sha256) {
      throw new Error(`rulebook ${row.exchange} v${row.version} in the database is damaged / 数据库中的交易规则已损坏`);
    }
    histories.get(read.value.exchange)?.push(read.value);
  }
  return histories;
}

/** The desk that answers from these rulebooks. */
export function openRuleDesk(histories: Histories, calendars?: Calendars): RuleDesk {
  const of = (exchange: Exchange) => histories.get(exchange) ?? [];
  return {
    decide: (listing, host, atMs, lastConcludedOn) =>
      decide(listing, of(listing.home), of(host), instantAt(atMs), {
        ...(lastConcludedOn === undefined ? {} : { lastConcludedOn }),
        ...(calendars === undefined ? {} : { calendars }),
      }),
    admitBuyer: (listing, buyer, host, atMs, under) =>
      admitBuyer(
        listing,
        buyer,
        only(of(listing.home), under?.home),
        only(of(host), under?.host),
        instantAt(atMs),
      ).issues.map(
        (issue): Refusal => ({
          code: issue.severity === 'hold' ? 'party-hold' : 'party-refused',
          pointer: '/buyer',
          ...issue.detail,
        }),
      ),
    nextChangeOn: (exchanges, atMs) =>
      exchanges
        .flatMap((exchange) => of(exchange).map(({ from }) => from))
        .filter((from) => from > dateAt(atMs))
        .sort()[0],
    citation: (exchange, atMs) => inForce(of(exchange), instantAt(atMs))?.sha256 ?? NO_RULEBOOK,
    instant: instantAt,
  };
}

/** That version alone, whatever came after it; all of them where none is cited. */
function only(history: readonly Rulebook[], sha256: string | undefined): readonly Rulebook[] {
  const cited = history.filter((rulebook) => rulebook.sha256 === sha256);
  return cited.length === 0 ? history : cited;
}

/** What an envelope cites when its origin has no rulebook in force. */
const NO_RULEBOOK = '0'.repeat(64);

export interface Adopted {
  readonly exchange: Exchange;
  readonly version: number;
  readonly sha256: string;
}

export interface AdoptParts {
  readonly exchanges: readonly Exchange[];
  readonly seals: Seals;
  newId(): string;
}

/**
 * Takes a new rulebook version over, as a journaled message of its exchange to all. The same version again is
 * accepted when it is the same document; with another content it is a conflict; a lower one than the last is refused.
 */
export async function adoptRulebook(
  connection: Queryable,
  json: unknown,
  at: Date,
  parts: AdoptParts,
): Promise<Checked<Adopted>> {
  const read = readRulebook(json);
  if (!read.ok) return read;
  const { exchange, version, sha256, document } = read.value;
  if (!parts.exchanges.includes(exchange)) return refused(refuse('unknown-sender', '/exchange', exchange));
  await lockNames(connection, [`rulebook ${exchange}`]);
  const known = (await rulebookRows(connection)).filter((row) => row.exchange === exchange);
  const same = known.find((row) => row.version === version);
  if (same !== undefined) {
    return same.sha256 === sha256
      ? accepted({ exchange, version, sha256 })
      : refused(refuse('version-conflict', '/version', `${exchange} v${version}`));
  }
  if (known.some((row) => row.version > version)) {
    return refused(refuse('version-conflict', '/version', `${exchange} v${version}`));
  }
  const id = parts.newId();
  const stream = `rulebook/${exchange}`;
  const streams = await lockStreams(connection, [{ issuer: exchange, name: stream }]);
  const head = streams.head(exchange, stream);
  const audience = parts.exchanges.filter((other) => other !== exchange);
  const row = await seal(
    {
      id,
      kind: 'rulebook',
      issuer: exchange,
      audience,
      stream,
      subject: stream,
      payload: document,
      rulebook: sha256,
      atMs: at.getTime(),
      sentToUs: false,
    },
    head,
    parts.seals,
  );
  await recordMessages(connection, [row]);
  await saveHeads(connection, [{ issuer: exchange, name: stream, head }]);
  await keepRulebook(connection, { exchange, version, sha256, body: document, message: id }, at);
  return accepted({ exchange, version, sha256 });
}
