import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { decode, decodeTree } from '../../../adapters/ctex/decode.ts';
import { encode } from '../../../adapters/ctex/encode.ts';
import { foreign } from '../../../adapters/ctex/fields-foreign.ts';
import { own } from '../../../adapters/ctex/fields-own.ts';
import { decodeStatement, page } from '../../../adapters/ctex/statement.ts';
import type { JsonObject } from '../../../src/contract/json.ts';
import type { Group, Mapping, Row } from '../../../src/contract/mapping.ts';
import type { Kind, Message } from '../../../src/contract/message.ts';
import { messageOf } from '../../support/messages.ts';
import { bookPage } from './books.ts';
import { expressed } from './comparing.ts';
import { foreignDeal, foreignInterest, foreignListing } from './unified.ts';

/**
 * The tables are the product: were any row of any table missing, one of these messages would not come back as it went.
 * Each row is taken out in turn; the rows nobody would miss are listed, and there must be none.
 */

const frame = { requestId: 'r-1', at: '2026-03-02T09:30:00+08:00' };
const folder = new URL('../../../adapters/ctex/samples/', import.meta.url);
const samples = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as JsonObject,
);

function sampleOf(eventType: string, changes: JsonObject): JsonObject {
  const sample = samples.find((one) => one.eventType === eventType)!;
  return { ...sample, data: { ...(sample.data as JsonObject), ...changes } };
}

const natural = { name: '张示例', idType: 'SFZ', nature: 'ZRR', region: '110108', country: '142' };

/** Events that the samples do not show. */
const events: readonly JsonObject[] = [
  ...samples,
  sampleOf('DEAL_SIGNED', { seller: natural, buyer: natural }),
  without(sampleOf('DEAL_SIGNED', { mirrorNo: 'JX-1' }), ['projectNo', 'hostExchange']),
  sampleOf('INTENT_SUBMITTED', { buyer: natural, priceUnit: '元', offerPrice: '1285000.00' }),
  sampleOf('QUOTE_SUBMITTED', { buyer: natural, priceUnit: '元', price: '1285000.00' }),
];

function without(event: JsonObject, fields: readonly string[]): JsonObject {
  const data = Object.entries(event.data as JsonObject).filter(([key]) => !fields.includes(key));
  return { ...event, data: Object.fromEntries(data) };
}

/** Requests in 元, which the gateway itself never writes. */
const requests: readonly JsonObject[] = [
  { ...tree(foreignListing()), priceUnit: '元', price: '1285000.00' },
  { ...tree(foreignInterest('TJ-1')), priceUnit: '元', offerPrice: '1285000.00' },
  { ...tree(foreignDeal('JX-1')), priceUnit: '元', dealPrice: '1285000.00', techPrice: '1.00' },
  { ...tree({ ...quote('TJ-1') }), priceUnit: '元', price: '1285000.00' },
];

function quote(project: string): Message {
  const { registeredAt, offer, ...rest } = foreignInterest(project);
  return { ...rest, kind: 'bid', amount: { amount: '1.00', currency: 'CNY' }, placedAt: registeredAt } as Message;
}

const kinds = Object.keys(own) as Kind[];
const generated = kinds.flatMap(
  (kind) => fc.sample(messageOf(kind, { for: 'ctex' }), { numRuns: 30, seed: 7 }) as Message[],
);
const messages: readonly Message[] = [
  ...generated,
  foreignListing({ object: { type: 'know-how', field: '03', ip: [] } }),
  ...((['interest', 'bid'] as const).map((kind) => ({
    ...(kind === 'interest' ? foreignInterest('TJ-1') : quote('TJ-1')),
    listing: { id: 'ctex:TJ-1', version: 3 },
  })) as Message[]),
  { kind: 'listing-state', listing: { mirror: 'ctex:JX-1', version: 2 }, status: 'suspended' },
];

function tree(message: Message): JsonObject {
  const encoded = encode(message, frame);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
  return JSON.parse(Buffer.from(encoded.value.request.bytes).toString());
}

const kindOf = (native: JsonObject) => {
  const read = decodeTree(native);
  if (!read.ok) throw new Error(JSON.stringify(read.refusals));
  return read.value.kind;
};

/** What there is of one kind, and how it reads with whole tables. */
function corpusOf(kind: Kind) {
  const ofKind = (natives: readonly JsonObject[]) => natives.filter((native) => kindOf(native) === kind);
  const natives = ofKind([...events, ...requests]);
  return {
    events: ofKind(events),
    // As they would come from bytes: generated objects have no prototype.
    messages: messages
      .filter((message) => message.kind === kind)
      .map((it) => JSON.parse(JSON.stringify(it)) as Message),
    readings: natives.map((native) => [native, decodeTree(native)] as const),
  };
}

/** True when every message still comes back as it went, and everything reads as it did with the whole table. */
function comesBack({ events, messages, readings }: ReturnType<typeof corpusOf>): boolean {
  const areEventsGivenBack = events.every((native) => {
    const read = decodeTree(native);
    const back = read.ok ? encode(read.value, frame) : read;
    return back.ok && isDeepStrictEqual(JSON.parse(Buffer.from(back.value.request.bytes).toString()), native);
  });
  if (!areEventsGivenBack) return false;
  const doMessagesComeBack = messages.every((message) => {
    const encoded = encode(message, frame);
    const read = encoded.ok && encoded.value.loss.length === 0 ? decode(encoded.value.request.bytes) : undefined;
    return read?.ok === true && isDeepStrictEqual(expressed(read.value), expressed(message));
  });
  return doMessagesComeBack && readings.every(([native, before]) => isDeepStrictEqual(decodeTree(native), before));
}

/** Every table with one row less, and what was taken out. */
function* shortened(mapping: Mapping): Generator<{ name: string; mapping: Mapping }> {
  for (const [i, row] of mapping.rows.entries()) {
    const others = mapping.rows.filter((_, j) => j !== i);
    yield { name: row.native, mapping: { ...mapping, rows: others } };
    if (!('each' in row)) continue;
    for (const [k, inner] of row.each.entries()) {
      const group: Row | Group = { ...row, each: row.each.filter((_, j) => j !== k) };
      yield {
        name: `${row.native}[].${inner.native}`,
        mapping: { ...mapping, rows: mapping.rows.map((one, j) => (j === i ? group : one)) },
      };
    }
  }
}

describe('every row of every table is needed', () => {
  test.each(kinds)('with whole tables every %s comes back', (kind) => {
    expect(comesBack(corpusOf(kind))).toBe(true);
  });

  const tables = [
    ['events', own],
    ['requests', foreign],
  ] as const;
  test.each(tables.flatMap(([form, table]) => kinds.map((kind) => [form, kind, table] as const)))(
    '%s of kind %s: no row can be taken out unnoticed',
    (_, kind, table) => {
      const changing = table as Record<string, Mapping>;
      const whole = changing[kind]!;
      const corpus = corpusOf(kind);
      const survivors: string[] = [];
      for (const { name, mapping } of shortened(whole)) {
        changing[kind] = mapping;
        if (comesBack(corpus)) survivors.push(name);
      }
      changing[kind] = whole;
      expect(survivors).toEqual([]);
    },
  );

  test('day-end books: no row can be taken out unnoticed', () => {
    const bytes = [Buffer.from(JSON.stringify(bookPage()))];
    const before = JSON.stringify(decodeStatement(bytes));
    expect(JSON.parse(before).ok).toBe(true);
    const whole = page.rows;
    const changing = page as { rows: Mapping['rows'] };
    const survivors = [...shortened(page)].filter(({ mapping }) => {
      changing.rows = mapping.rows;
      try {
        return JSON.stringify(decodeStatement(bytes)) === before;
      } catch {
        // Without the group of rows there is nothing to add up: noticed.
        return false;
      } finally {
        changing.rows = whole;
      }
    });
    expect(survivors.map(({ name }) => name)).toEqual([]);
  });
});
