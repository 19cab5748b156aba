import { createHash } from 'node:crypto';
import { code, whole } from '../../src/contract/codecs.ts';
import type { Json } from '../../src/contract/json.ts';
import { type Codec, Turned } from '../../src/contract/mapping.ts';
import type { Statement } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import type { Tree } from '../../src/contract/tree.ts';
import { day, words } from './codecs.ts';
import { codes } from './codes.ts';
import { fen } from './fields.ts';

/** One line's fields after its letter, in their order: unified name, codec, and whether it may be empty. */
type Column = readonly [name: string, codec: Codec, optional?: 'optional'];

const count = whole(0, Number.MAX_SAFE_INTEGER);

export const HEAD: readonly Column[] = [
  ['exchange', code({ SZSE: 'szse' })],
  ['date', day],
  ['batch', whole(1, 9999)],
  ['openingCount', count],
];
export const ROW: readonly Column[] = [
  ['dealNumber', words],
  ['homeDealNumber', words, 'optional'],
  ['role', code(codes.bookRole)],
  ['counterExchange', code(codes.anyExchange)],
  ['state', code(codes.bookState)],
  ['buyerCode', words],
  ['sellerCode', words],
  ['price', fen],
  ['fee', fen],
  ['businessDate', day],
  ['funds', code(codes.fundState)],
];
export const TAIL: readonly Column[] = [
  ['count', count],
  ['totalPrice', fen],
  ['totalFee', fen],
  ['digest', words],
];

const MAX_FOUND = 50;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The day-end file → unified statement. The digest is checked here, where the bytes still are (`bad-checksum` at
 * `/digest`); count and totals are carried for clearing to check. Refusals point at `/rows/<n>/<field>`, or at
 * `/<field>` of the first and last lines.
 */
export function decodeStatement(pages: readonly Uint8Array[]): Checked<Statement> {
  const [file] = pages;
  if (file === undefined || pages.length > 1) return refused(refuse('inconsistent', '', `${pages.length} files`));
  let text: string;
  try {
    text = utf8.decode(file);
  } catch {
    return refused(refuse('not-text'));
  }
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n');
  if (!lines[0]!.startsWith('H|')) return refused(refuse('missing-field', '/date', 'H'));
  if (lines.length < 2 || !lines.at(-1)!.startsWith('T|')) return refused(refuse('missing-field', '/digest', 'T'));

  const found: Refusal[] = [];
  const statement: Tree = { kind: 'statement' };
  readLine(lines[0]!, HEAD, statement, '', found);
  const rows: Tree[] = [];
  for (let i = 1; i < lines.length - 1 && found.length < MAX_FOUND; i++) {
    const row: Tree = {};
    if (!lines[i]!.startsWith('D|')) found.push(refuse('unknown-kind', `/rows/${i - 1}`, lines[i]!.slice(0, 1)));
    else readLine(lines[i]!, ROW, row, `/rows/${i - 1}`, found);
    rows.push(row);
  }
  readLine(lines.at(-1)!, TAIL, statement, '', found);
  if (found.length > 0) return refused(...found.slice(0, MAX_FOUND));
  if (statement.digest !== digestOf(file)) return refused(refuse('bad-checksum', '/digest'));
  const parsed = parseMessage({ ...statement, rows: rows as Json[] });
  return parsed.ok ? accepted(parsed.value as Statement) : parsed;
}

/** SHA-256 of everything before the last line. */
function digestOf(file: Uint8Array): string {
  const end = file.at(-1) === 0x0a ? file.byteLength - 2 : file.byteLength - 1;
  return createHash('sha256')
    .update(file.subarray(0, file.lastIndexOf(0x0a, end) + 1))
    .digest('hex');
}

/** One line into `to`, or why not into `found`. */
export function readLine(line: string, columns: readonly Column[], to: Tree, at: string, found: Refusal[]): void {
  const fields = line.includes('\\') ? unescaped(line) : line.split('|');
  if (fields === undefined || fields.length !== columns.length + 1) {
    found.push(refuse('not-tagged', at, `${columns.length} fields`));
    return;
  }
  for (const [i, [name, codec, optional]] of columns.entries()) {
    const written = fields[i + 1]!;
    if (written === '') {
      if (optional === undefined) found.push(refuse('missing-field', `${at}/${name}`));
      continue;
    }
    const read = codec.decode(written, to);
    if (read instanceof Turned) found.push(refuse(read.code, `${at}/${name}`, read.detail));
    else to[name] = read;
  }
}

/** Fields of a line in which `\|` and `\\` stand for `|` and `\`; undefined where a backslash stands before anything else. */
function unescaped(line: string): string[] | undefined {
  const fields = [''];
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (c === '|') fields.push('');
    else if (c !== '\\') fields[fields.length - 1] += c;
    else {
      const next = line[++i];
      if (next !== '|' && next !== '\\') return undefined;
      fields[fields.length - 1] += next;
    }
  }
  return fields;
}
