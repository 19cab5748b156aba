import fc from 'fast-check';
import { decode, decodeBy } from '../../../adapters/stex/decode.ts';
import { type Form, type Forms, forms } from '../../../adapters/stex/documents.ts';
import { encode, encodeBy } from '../../../adapters/stex/encode.ts';
import type { Mapping } from '../../../src/contract/mapping.ts';
import { type Kind, kinds, type Message } from '../../../src/contract/message.ts';
import { messageOf } from '../../support/messages.ts';

const frame = { requestId: 'Q-1', at: '2026-03-02T10:00:00+08:00' };
const unsaid: readonly Kind[] = ['listing-mirrored', 'statement'];
const said = kinds.filter((kind) => !unsaid.includes(kind));

/** The message without the frame that the document kept in extensions. */
function bare(message: Message): unknown {
  const { extensions: _, ...rest } = message as unknown as Record<string, unknown>;
  return rest;
}

function repeated(message: Message): readonly string[] {
  if (message.kind !== 'deal-confirmed') return [];
  const { number, homeNumber, deal } = message;
  return [
    ...(deal.endsWith(`:${number}`) ? ['/number'] : []),
    ...(deal.endsWith(`:${homeNumber}`) ? ['/homeNumber'] : []),
  ];
}

/** What comes back of a message by these tables; undefined where it is turned down or loses something. */
function back(tables: Forms, message: Message): unknown {
  const encoded = encodeBy(tables, message, frame);
  if (!encoded.ok || encoded.value.loss.length > 0) return undefined;
  const decoded = decodeBy(tables, encoded.value.request.bytes);
  return decoded.ok ? bare(decoded.value) : undefined;
}

describe('STEX documents, there and back', () => {
  for (const kind of said) {
    test(`${kind}: what is encoded decodes to the same message, nothing lost`, () => {
      fc.assert(
        fc.property(messageOf(kind, { for: 'stex' }), (message) => {
          const encoded = encode(message, frame);
          expect(encoded).toMatchObject({ ok: true, value: { loss: [] } });
          if (!encoded.ok) return;
          const decoded = decode(encoded.value.request.bytes);
          expect(decoded.ok ? bare(decoded.value) : decoded.refusals).toEqual(message);
          if (!decoded.ok) return;
          expect(decoded.value).toMatchObject({ extensions: { stex: { WDBH: 'Q-1', SJ: '20260302100000' } } });
        }),
        { numRuns: 120 },
      );
    });

    test(`${kind}: whatever the contract allows is encoded, with its loss listed, or refused with reasons`, () => {
      fc.assert(
        fc.property(messageOf(kind), (message) => {
          const encoded = encode(message, frame);
          if (!encoded.ok) {
            expect(encoded.refusals.length).toBeGreaterThan(0);
            for (const { zh, en, pointer } of encoded.refusals) expect([zh, en, pointer]).not.toContain('');
            return;
          }
          const decoded = decode(encoded.value.request.bytes);
          if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
          // Days between the two dates are implied and always read as calendar days; 304 names STEX's number once.
          const implied = ['/disclosure/days', '/disclosure/dayKind', ...repeated(message)];
          const lost = [...encoded.value.loss.map(({ pointer }) => pointer), ...implied];
          expect(without(bare(decoded.value), lost)).toEqual(without(bare(message), lost));
        }),
        { numRuns: 200 },
      );
    });
  }

  test.each(unsaid)('%s has no document of its own', (kind) => {
    const [message] = fc.sample(messageOf(kind), { numRuns: 1, seed: 1 });
    expect(encode(message!, frame)).toMatchObject({
      ok: false,
      refusals: [{ code: 'not-expressible', pointer: '/kind' }],
    });
  });

  test('every row of every table carries something: without it the way there and back fails', () => {
    const surviving: string[] = [];
    for (const form of new Set([...forms.own, ...forms.foreign])) {
      const messages = samplesFor(form).map((message) => [message, shown(back(forms, message))] as const);
      expect(messages.length).toBeGreaterThan(0);
      for (const [name, mapping] of mutants(form.mapping)) {
        const mutated = (all: readonly Form[]) => all.map((one) => (one === form ? { ...form, mapping } : one));
        const tables = { own: mutated(forms.own), foreign: mutated(forms.foreign) };
        const caught = messages.some(([message, whole]) => shown(back(tables, message)) !== whole);
        if (!caught && !EXTENSIONS.has(name)) surviving.push(`${form.kind} ${name}`);
      }
    }
    expect(surviving).toEqual([]);
  });
});

/** Rows whose unified home is the extension itself; tests/adapters/stex/samples.test.ts covers them. */
const EXTENSIONS = new Set(['BZ', 'JXBH → extensions.stex.JXBH']);

/** Messages of that form, and those of its kind that no generator makes. */
function samplesFor(form: Form): readonly Message[] {
  const generated: Message[] = fc.sample(messageOf(form.kind, { for: 'stex' }), { numRuns: 200, seed: 20260302 });
  const more = generated.flatMap((message): Message[] => {
    const isBuyer = message.kind === 'interest' || message.kind === 'bid';
    return isBuyer ? [{ ...message, listing: { id: 'stex:1' } }] : [];
  });
  return [...generated, ...more].filter((message) => {
    const encoded = encode(message, frame);
    if (!encoded.ok || form.kind === 'listing-state') return encoded.ok;
    const foreign = / LX="111"|<YJYS>/.test(Buffer.from(encoded.value.request.bytes).toString('latin1'));
    return (foreign ? forms.foreign : forms.own).includes(form);
  });
}

function shown(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? '';
}

function* mutants(mapping: Mapping): Iterable<[string, Mapping]> {
  for (const row of mapping.rows) {
    const name =
      row.unified.startsWith('extensions') && row.native !== 'BZ' ? `${row.native} → ${row.unified}` : row.native;
    yield [name, { ...mapping, rows: mapping.rows.filter((one) => one !== row) }];
    if (!('each' in row)) continue;
    for (const inner of row.each) {
      const rows = mapping.rows.map((one) => {
        return one === row ? { ...row, each: row.each.filter((member) => member !== inner) } : one;
      });
      yield [`${row.native}/${inner.native}`, { ...mapping, rows }];
    }
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** A copy without what was reported as lost; what is left empty by it goes as well. */
function without(value: unknown, pointers: readonly string[], at = ''): unknown {
  if (pointers.includes(at)) return undefined;
  if (Array.isArray(value)) {
    return value.length === 0 ? undefined : value.map((inner, i) => without(inner, pointers, `${at}/${i}`));
  }
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, without(inner, pointers, `${at}/${key}`)] as const);
  const left = entries.filter(([, inner]) => inner !== undefined);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}
