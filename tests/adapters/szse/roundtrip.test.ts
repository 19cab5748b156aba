import fc from 'fast-check';
import { decode } from '../../../adapters/szse/decode.ts';
import { encode } from '../../../adapters/szse/encode.ts';
import { forms, formWritten } from '../../../adapters/szse/forms.ts';
import type { Group, Row } from '../../../src/contract/mapping.ts';
import type { Message } from '../../../src/contract/message.ts';
import { messageOf } from '../../support/messages.ts';
import { common, sayable, spoken } from './generated.ts';

const at = '2026-03-02T09:30:00+08:00';
const frame = { requestId: 'Q-1', at };

/** What is wrong with the round trip of one message; undefined: nothing. */
function flaw(message: Message, mirror?: string): string | undefined {
  const encoded = encode(message, mirror === undefined ? frame : { ...frame, mirror });
  if (!encoded.ok) return `encode ${JSON.stringify(encoded.refusals)}`;
  if (encoded.value.loss.length > 0) return `loss ${JSON.stringify(encoded.value.loss)}`;
  const { bytes } = encoded.value.request;
  const decoded = decode(bytes);
  if (!decoded.ok) return `decode ${JSON.stringify(decoded.refusals)}`;
  const [theirs, ours] = [JSON.stringify(sorted(common(decoded.value))), JSON.stringify(sorted(common(message)))];
  if (theirs !== ours) return `${theirs} is not ${ours}`;
  if (mirror !== undefined && !Buffer.from(bytes).includes(`20089=${mirror}\u0001`)) return 'no mirror';
  const again = encode(decoded.value, mirror === undefined ? frame : { ...frame, mirror });
  return again.ok && Buffer.from(again.value.request.bytes).equals(bytes) ? undefined : 'the second writing differs';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(fields[key])]));
}

describe('every kind, in own and in foreign form', () => {
  test.each(spoken)('%s: decode after encode gives the message back', (kind) => {
    fc.assert(
      fc.property(sayable(kind), (message) => {
        expect(flaw(message)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  test('a listing that replaces an earlier mirror names it', () => {
    fc.assert(
      fc.property(messageOf('listing', { for: 'szse', home: 'ctex' }), (message) => {
        expect(flaw(message, 'JX0000000001')).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  test('what the contract allows and SZSE cannot say is refused or listed as loss, and what is sent reads as the rest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...spoken).chain((kind) => messageOf(kind) as fc.Arbitrary<Message>),
        (message) => {
          const encoded = encode(message, frame);
          if (!encoded.ok) {
            for (const { code } of encoded.refusals) expect(code).toBe('not-expressible');
            return;
          }
          const decoded = decode(encoded.value.request.bytes);
          if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
          const lost = encoded.value.loss.map(({ pointer }) => pointer);
          expect(differences(common(message), common(decoded.value), '').filter((one) => !covered(one, lost))).toEqual(
            [],
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each(['listing-mirrored', 'statement'] as const)('%s has no native form', (kind) => {
    const [message] = fc.sample(messageOf(kind), { numRuns: 1, seed: 1 });
    expect(encode(message!, frame)).toMatchObject({
      ok: false,
      refusals: [{ code: 'not-expressible', pointer: '/kind' }],
    });
  });
});

describe('every row of every table counts', () => {
  // Fixed, so that a row is either seen to count or not, whatever the run.
  const messages = spoken.flatMap((kind) => fc.sample(sayable(kind), { numRuns: 60, seed: 20260302 }));
  const board = { extensions: { szse: { clientId: 'S-1', board: '先进制造专板' } } };

  test.each(Object.keys(forms) as (keyof typeof forms)[])('%s', (name) => {
    const form = forms[name];
    const mine = messages.filter((message) => formWritten(message) === form);
    expect(mine.length).toBeGreaterThan(5);
    const survivors: string[] = [];
    const without = (rows: (Row | Group)[] | Row[], path: string) => {
      for (const [i, row] of [...rows].entries()) {
        rows.splice(i, 1);
        // A changed table is a new table: what was worked out for the old one must not be used.
        if (!mine.some((message) => flawOfChanged(form, message) !== undefined)) survivors.push(path + row.native);
        rows.splice(i, 0, row as Row);
        if ('each' in row) without(row.each as Row[], `${row.native}.`);
      }
    };
    without(form.mapping.rows as (Row | Group)[], '');
    expect(survivors).toEqual([]);
  });

  function flawOfChanged(form: (typeof forms)[keyof typeof forms], message: Message): string | undefined {
    const original = form.mapping;
    const writable = form as { mapping: typeof original };
    writable.mapping = { ...original, rows: original.rows.map((row) => ('each' in row ? { ...row } : row)) };
    try {
      return flawWithFrame(message);
    } finally {
      writable.mapping = original;
    }
  }

  function flawWithFrame(message: Message): string | undefined {
    const isOwnListing = message.kind === 'listing' && message.home === 'szse';
    const isForeign = message.kind === 'listing' && message.home !== 'szse';
    const framed = isOwnListing ? ({ ...message, ...board } as Message) : message;
    const found = flaw(framed, isForeign ? 'JX1' : undefined);
    if (found !== undefined) return found;
    const encoded = encode(framed, frame);
    const decoded = encoded.ok ? decode(encoded.value.request.bytes) : encoded;
    if (!decoded.ok) return 'not read';
    const kept = (decoded.value as { extensions?: { szse?: Record<string, unknown> } }).extensions?.szse;
    if (kept?.clientId === undefined) return 'no client id';
    return isOwnListing && kept.board === undefined ? 'no board' : undefined;
  }
});

function differences(a: unknown, b: unknown, pointer: string): string[] {
  if (Object.is(a, b) || (isEmpty(a) && isEmpty(b)) || sameInstant(a, b)) return [];
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return [pointer];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) =>
    differences((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${pointer}/${key}`),
  );
}

/** Counted anew from the two dates. */
const IMPLIED = new Set(['/disclosure/days', '/disclosure/dayKind']);

/** An empty text or list is not written. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** `…00.5+08:00` is written `…00.500`. */
function sameInstant(a: unknown, b: unknown): boolean {
  const isInstant = (one: unknown) => typeof one === 'string' && /^\d{4}-\d{2}-\d{2}T.*\+08:00$/.test(one);
  return isInstant(a) && isInstant(b) && Date.parse(String(a)) === Date.parse(String(b));
}

/** Lost, implied anew by what was sent, or an array that is empty on one side. */
function covered(pointer: string, lost: readonly string[]): boolean {
  return (
    IMPLIED.has(pointer) ||
    lost.some((one) => pointer === one || pointer.startsWith(`${one}/`) || one.startsWith(`${pointer}/`))
  );
}
