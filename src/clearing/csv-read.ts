import { MAX_PIECE_BYTES } from '../contract/blocks.ts';

/** One record of a table: its cells as text, the line on which it begins, and its text as it stood. */
export interface TableRecord {
  readonly line: number;
  readonly cells: readonly string[];
  readonly text: string;
}

/** Why a table cannot be read on: bytes in neither charset, a quotation that goes wrong, a record beyond all bounds. */
export type TableFailure = 'not-text' | 'bad-format' | 'too-large';

export type TableRecords = AsyncGenerator<readonly TableRecord[], TableFailure | undefined, void>;

/**
 * CSV (RFC 4180) as a stream of records: UTF-8 with or without a byte order mark, or GB18030, told apart by the first
 * bytes beyond ASCII. Lines end with CRLF, LF or the end; empty lines are passed over.
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>): TableRecords {
  const text = new Decoding();
  const cutting = new Cutting();
  let decoded: string | undefined;
  for await (const chunk of source) {
    decoded = text.decode(chunk);
    if (decoded === undefined) return 'not-text';
    const records = cutting.take(decoded);
    if (typeof records === 'string') return records;
    if (records.length > 0) yield records;
  }
  decoded = text.end();
  if (decoded === undefined) return 'not-text';
  const last = cutting.take(decoded === '' ? '\n' : `${decoded}\n`);
  if (typeof last === 'string') return last;
  if (last.length > 0) yield last;
  return cutting.isOpen ? 'bad-format' : undefined;
}

type Decoder = InstanceType<typeof TextDecoder>;

/** Bytes → text in the charset that they turn out to be in. */
class Decoding {
  #decoder: Decoder | undefined;
  /** Bytes held until there is something beyond ASCII to judge by: a whole character at least. */
  #held: Buffer = Buffer.alloc(0);

  decode(chunk: Uint8Array): string | undefined {
    if (this.#decoder !== undefined) return decodedBy(this.#decoder, chunk);
    const bytes = Buffer.concat([this.#held, chunk]);
    const beyond = bytes.findIndex((byte) => byte >= 0x80);
    if (beyond < 0) return this.#plain(bytes);
    // Four bytes tell a character of UTF-8 from one of GB18030; fewer only at the very end.
    if (bytes.byteLength - beyond < 64) {
      this.#held = bytes;
      return '';
    }
    return this.#decideOn(bytes);
  }

  end(): string | undefined {
    if (this.#decoder === undefined) {
      const text = this.#decideOn(this.#held);
      return text === undefined || this.#decoder === undefined ? text : joined(text, endOf(this.#decoder));
    }
    return endOf(this.#decoder);
  }

  #plain(bytes: Buffer): string {
    this.#held = Buffer.alloc(0);
    return bytes.toString('latin1');
  }

  #decideOn(bytes: Buffer): string | undefined {
    for (const charset of ['utf-8', 'gb18030']) {
      const decoder = new TextDecoder(charset, { fatal: true });
      const text = decodedBy(decoder, bytes);
      if (text === undefined) continue;
      this.#decoder = decoder;
      return text;
    }
    return undefined;
  }
}

function decodedBy(decoder: Decoder, chunk: Uint8Array): string | undefined {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    return undefined;
  }
}

function endOf(decoder: Decoder): string | undefined {
  try {
    return decoder.decode();
  } catch {
    return undefined;
  }
}

function joined(text: string, end: string | undefined): string | undefined {
  return end === undefined ? undefined : text + end;
}

/** Text → records; what stands behind the last end of a record waits for more. */
class Cutting {
  #rest = '';
  #line = 1;

  get isOpen(): boolean {
    return this.#rest.trim() !== '';
  }

  take(more: string): readonly TableRecord[] | TableFailure {
    const text = this.#rest + more;
    const records: TableRecord[] = [];
    let from = 0;
    while (from < text.length) {
      const record = recordAt(text, from);
      if (record === 'bad-format') return record;
      if (record === undefined) break;
      const raw = text.slice(from, record.end).replace(/\r?\n$/, '');
      if (raw !== '') records.push({ line: this.#line, cells: record.cells, text: raw });
      this.#line += text.slice(from, record.end).split('\n').length - 1;
      from = record.end;
    }
    this.#rest = text.slice(from);
    return this.#rest.length > MAX_PIECE_BYTES ? 'too-large' : records;
  }
}

const PLAIN = /[^",\r\n]*/y;
/** A quotation mark at the end of what is there may still be the first of two. */
const QUOTED = /"((?:[^"]|"")*)"(?!")/y;

/** The record that begins there and the place behind it; undefined: its end is not there yet. */
function recordAt(
  text: string,
  from: number,
): { readonly cells: readonly string[]; readonly end: number } | 'bad-format' | undefined {
  const cells: string[] = [];
  for (let at = from; ; ) {
    const pattern = text[at] === '"' ? QUOTED : PLAIN;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    cells.push(pattern === QUOTED ? match[1]!.replaceAll('""', '"') : match[0]);
    const next = text[at];
    if (next === ',') at++;
    else if (next === '\n') return { cells, end: at + 1 };
    else if (next === '\r' && at + 1 < text.length) {
      return text[at + 1] === '\n' ? { cells, end: at + 2 } : 'bad-format';
    } else if (next === undefined || next === '\r') return undefined;
    else return 'bad-format';
  }
}
