import { remembering } from '../../src/contract/blocks.ts';
import {
  type BadRow,
  controlsOf,
  isBad,
  placeless,
  type StatedBatch,
  type StatedRow,
  type StatementReader,
  strictRow,
  unreadable,
} from '../../src/contract/books.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { isObject, type JsonObject, parseJson } from '../../src/contract/json.ts';
import { type Mapping, readTree, Turned } from '../../src/contract/mapping.ts';
import { accepted, type Checked, refuse, refused } from '../../src/contract/refusal.ts';
import { day } from './codecs.ts';
import { codes } from './codes.ts';
import { misplaced, page, RowDigest, rowFields } from './statement.ts';
import { TextWindow } from './statement-text.ts';

/**
 * A row written as nearly all are: the profile's order, plain strings. What does not look like this is read as JSON; what
 * does reads the same both ways, and its canonical form (RFC 8785) is these same strings in the order of their keys.
 */
const QUICK = (() => {
  const name = '"([^"\\\\\\u0000-\\u001f\\u007f\\ufffe\\uffff]{1,64})"';
  const yuan = '"(0|[1-9]\\d{0,12})\\.(\\d\\d)"';
  const member = (key: string, value: string) => `"${key}": ?${value}`;
  return new RegExp(
    `\\{${member('dealNo', name)}, ?(?:${member('homeDealId', name)}, ?)?${member('role', '"(HOME|HOST)"')}, ?${member(
      'counterExchange',
      '"(CTEX|STEX|SZSE)"',
    )}, ?${member('state', '"(SIGNED|CERTIFIED|CANCELLED)"')}, ?${member('buyerCode', name)}, ?${member(
      'sellerCode',
      name,
    )}, ?${member('dealPrice', yuan)}, ?${member('fee', yuan)}, ?${member('bizDate', '"(\\d{4}-\\d\\d-\\d\\d)"')}, ?${member(
      'fundState',
      '"(NONE|PART|FULL)"',
    )}\\}`,
    'y',
  );
})();

/** What stands for the rows in the page's head. */
const ROWS = '"rows":[]';

const dateOf = remembering((text) => !(day.decode(text, {}) instanceof Turned));

/** A page without its rows. */
const headFields: Mapping = { ...page, rows: page.rows.filter((row) => row.native !== 'rows') };

/** The day-end books as a stream: pages one after another, each its `data` object or the whole answer around it. */
export async function* readStatement(source: AsyncIterable<Uint8Array>): StatementReader {
  const window = new TextWindow(source);
  const reading = new Reading(window);
  try {
    await window.fill();
    while (window.peek() !== '' || window.isLow) {
      const ended = yield* readObject(window, reading, 'outer');
      if (!ended.ok) return window.isGarbled ? refused(refuse('not-text')) : ended;
    }
    return window.isGarbled ? refused(refuse('not-text')) : reading.end();
  } finally {
    await window.close();
  }
}

/** Takes one object; its rows go out in batches, all else is the page's head. */
async function* readObject(
  window: TextWindow,
  reading: Reading,
  place: 'outer' | 'data',
): AsyncGenerator<StatedBatch, Checked<true>, void> {
  const at = `/${reading.pages.length}`;
  const members: string[] = [];
  let dataRead = false;
  if (!window.take('{')) return refused(refuse('not-json', at));
  if (!window.take('}')) {
    do {
      if (window.isLow) await window.fill();
      const name = window.name();
      if (name === undefined) return refused(refuse('not-json', at));
      const next = window.peek();
      if (name === '"data"' && place === 'outer' && next === '{') {
        if (dataRead) return refused(refuse('duplicate-key', at, 'data'));
        dataRead = true;
        const inner = yield* readObject(window, reading, 'data');
        if (!inner.ok) return inner;
      } else if (name === '"rows"' && next === '[' && !dataRead && !members.includes(ROWS)) {
        members.push(ROWS);
        window.take('[');
        const rows = yield* readRows(window, reading);
        if (!rows.ok) return rows;
      } else {
        const value = window.scalar();
        if (value === undefined) return refused(refuse('wrong-type', at, name.slice(0, 40)));
        members.push(`${name}:${value}`);
      }
    } while (window.take(','));
    if (!window.take('}')) return refused(refuse('not-json', at));
  }
  const head = parseJson(Buffer.from(`{${members.join(',')}}`));
  if (!head.ok) return refused(...head.refusals.map((one) => ({ ...one, pointer: at })));
  // Around the page there is only the answer's code and text.
  if (dataRead) return members.includes(ROWS) ? refused(refuse('duplicate-key', at, 'rows')) : accepted(true);
  return reading.addPage(head.value as JsonObject, at);
}

async function* readRows(window: TextWindow, reading: Reading): AsyncGenerator<StatedBatch, Checked<true>, void> {
  if (window.take(']')) return accepted(true);
  do {
    if (window.isLow) {
      yield reading.batch();
      await window.fill();
    }
    if (window.peek() !== '{') return refused(refuse('wrong-type', `/rows/${reading.rows}`));
    const read = reading.quick() ?? reading.slow();
    if (!read.ok) return read;
  } while (window.take(','));
  yield reading.batch();
  return window.take(']') ? accepted(true) : refused(refuse('not-json', '/rows'));
}

/** What has been read so far. */
class Reading {
  readonly pages: JsonObject[] = [];
  rows = 0;
  readonly #window: TextWindow;
  readonly #digest = new RowDigest();
  #found: StatedRow[] = [];
  #bad: BadRow[] = [];
  #given = 0;

  constructor(window: TextWindow) {
    this.#window = window;
  }

  batch(): StatedBatch {
    const batch = { rows: this.#found, bad: this.#bad };
    [this.#found, this.#bad] = [[], []];
    return batch;
  }

  quick(): Checked<true> | undefined {
    QUICK.lastIndex = this.#window.at;
    const f = QUICK.exec(this.#window.text);
    if (f === null || !dateOf(f[12]!)) return undefined;
    const row: StatedRow = {
      line: this.rows + 1,
      dealNumber: f[1]!,
      homeDealNumber: f[2],
      role: f[3] === 'HOME' ? 'home' : 'host',
      counterExchange: codes.anyExchange[f[4]!] as Exchange,
      state: codes.bookState[f[5]!] as StatedRow['state'],
      buyer: f[6]!,
      seller: f[7]!,
      priceFen: BigInt(f[8]! + f[9]!),
      feeFen: BigInt(f[10]! + f[11]!),
      businessDate: f[12]!,
    };
    if (placeless('ctex', row) !== undefined) return undefined;
    this.rows++;
    this.#found.push(row);
    this.#window.at = QUICK.lastIndex;
    const home = f[2] === undefined ? '' : `"homeDealId":"${f[2]}",`;
    this.#digest.addCanonical(
      `{"bizDate":"${f[12]}","buyerCode":"${f[6]}","counterExchange":"${f[4]}","dealNo":"${f[1]}","dealPrice":"${f[8]}.${
        f[9]
      }","fee":"${f[10]}.${f[11]}","fundState":"${f[13]}",${home}"role":"${f[3]}","sellerCode":"${f[7]}","state":"${f[5]}"}`,
    );
    return accepted(true);
  }

  slow(): Checked<true> {
    const written = this.#window.object();
    if (!written.ok) return refused(...written.refusals.map((one) => ({ ...one, pointer: `/rows/${this.rows}` })));
    const bytes = Buffer.from(written.value);
    const line = ++this.rows;
    const json = parseJson(bytes);
    const row = !json.ok ? unreadable(line, bytes, json.refusals) : this.#strict(json.value as JsonObject, line, bytes);
    if (isBad(row)) this.#bad.push(row);
    else this.#found.push(row);
    return accepted(true);
  }

  #strict(native: JsonObject, line: number, bytes: Buffer): StatedRow | BadRow {
    this.#digest.add(native);
    const read = readTree(rowFields, native);
    return read.refusals.length > 0
      ? unreadable(line, bytes, read.refusals, read.value)
      : strictRow('ctex', read.value, line, bytes);
  }

  addPage(native: JsonObject, at: string): Checked<true> {
    if (!isObject(native) || !Object.hasOwn(native, 'rows')) return refused(refuse('missing-field', `${at}/rows`));
    const { rows: _rows, ...head } = native;
    const { value, refusals } = readTree(headFields, head, at);
    if (refusals.length > 0) return refused(...refusals.slice(0, 50));
    this.#given = this.pages.length === 0 ? Number(value.pages) : this.#given;
    const found = misplaced(value, this.pages[0], this.pages.length, this.#given, at);
    if (found.length > 0) return refused(...found);
    this.pages.push(value);
    return accepted(true);
  }

  end(): ReturnType<typeof controlsOf> {
    const [first] = this.pages;
    if (first === undefined) return refused(refuse('missing-field', '', 'page'));
    if (this.pages.length !== this.#given) {
      return refused(refuse('inconsistent', '/pages', `${this.pages.length}/${this.#given}`));
    }
    return controlsOf('ctex', first, this.#digest.end());
  }
}
