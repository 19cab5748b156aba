import { type Json, MAX_DEPTH } from './json.ts';
import { accepted, type Checked, type Refusal, type RefusalCode, refuse, refused, step } from './refusal.ts';
import type { Tree } from './tree.ts';

/** The root element. An element with text only is that text, an empty one `''`; attributes are keys `@NAME`. */
export interface Root {
  readonly name: string;
  readonly value: Json;
}

type Refused = { readonly ok: false; readonly refusals: readonly Refusal[] };

interface Open {
  readonly name: string;
  /** Attributes and child elements, once there are any. */
  tree?: Tree;
  children: boolean;
  text: string;
}

const NAME = '[\\p{L}_:][\\p{L}\\p{N}_:.-]*';
/** Nearly every tag: an ASCII name without attributes, or up to them. */
const PLAIN_START = /<([A-Za-z_][\w.-]*)(?=[ \t\r\n/>])/y;
const START = new RegExp(`<(${NAME})`, 'uy');
const PLAIN_END = /<\/([A-Za-z_][\w.-]*)>/y;
const END = new RegExp(`</(${NAME})[ \\t\\r\\n]*>`, 'uy');
const ATTRIBUTE = new RegExp(`[ \\t\\r\\n]+(${NAME})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^"<]*)"|'([^'<]*)')`, 'uy');
const TAG_END = /[ \t\r\n]*(\/?)>/y;
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])1\.0\1(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])([\w.-]+)\2)?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(["'])(?:yes|no)\4)?[ \t\r\n]*\?>/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 §2.2 Char, what is left out of it
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const BLANK = /^[ \t\n]*$/;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads an XML 1.0 document strictly, in one pass: no DTD (refused on sight, so nothing can be expanded), no
 * processing instruction, no mixed content, every value text as it stands. Nothing is ever coerced.
 *
 * `repeated` names elements that may come several times, and the one parent in which they may; these are always
 * arrays. Any other element occurring twice is refused. `charset`: what the bytes were decoded with, in capitals; a
 * document that declares another is refused. Refusals point into the tree below the root: `/XM/ZSCQ/ITEM/0/BH`.
 */
export function readXml(source: string, repeated: ReadonlyMap<string, string>, charset = 'GB18030'): Checked<Root> {
  if (ILLEGAL.test(source)) return refused(refuse('not-xml', '', 'character'));
  const text = source.includes('\r') ? source.replaceAll(/\r\n?/g, '\n') : source;
  const open: Open[] = [];
  let root: Root | undefined;
  let i = 0;
  const fail = (code: RefusalCode, detail = '', last?: string): Refused => {
    return { ok: false, refusals: [refuse(code, pointerOf(open, last), detail)] };
  };

  if (text.startsWith('<?')) {
    const declaration = DECLARATION.exec(text);
    if (declaration === null) return fail('not-xml', '<?xml');
    const encoding = declaration[3];
    if (encoding !== undefined && encoding.toUpperCase() !== charset) return fail('not-text', encoding.slice(0, 20));
    i = declaration[0].length;
  }
  while (i < text.length) {
    const tag = text.indexOf('<', i);
    const plain = text.slice(i, tag < 0 ? text.length : tag);
    const top = open.at(-1);
    if (plain !== '') {
      const characters = plain.includes('&') ? unescaped(plain) : plain;
      if (characters === undefined || plain.includes(']]>')) return fail('not-xml', 'text');
      if (top !== undefined) top.text += characters;
      else if (!BLANK.test(plain)) return fail('not-xml', 'text outside the root');
    }
    if (tag < 0) break;
    const next = text[tag + 1];
    if (next === '/') {
      const end = at(PLAIN_END, text, tag) ?? at(END, text, tag);
      if (end === null || end[1] !== top?.name) return fail('not-xml', 'end tag');
      i = tag + end[0].length;
      const refusal = close();
      if (refusal !== undefined) return refusal;
    } else if (text.startsWith('<!--', tag)) {
      const end = text.indexOf('--', tag + 4);
      if (end < 0 || text[end + 2] !== '>') return fail('not-xml', 'comment');
      i = end + 3;
    } else if (text.startsWith('<![CDATA[', tag)) {
      const end = text.indexOf(']]>', tag + 9);
      if (end < 0 || top === undefined) return fail('not-xml', 'CDATA');
      top.text += text.slice(tag + 9, end);
      i = end + 3;
    } else {
      if (next === '!') return fail('doctype-forbidden');
      if (next === '?') return fail('not-xml', '<?');
      const start = at(PLAIN_START, text, tag) ?? at(START, text, tag);
      if (start === null || root !== undefined) return fail('not-xml', 'start tag');
      const name = start[1]!;
      if (FORBIDDEN.has(name)) return fail('forbidden-key', name);
      if (open.push({ name, children: false, text: '' }) > MAX_DEPTH) return refused(refuse('too-deep'));
      i = tag + start[0].length;
      const refusal = readAttributes(open.at(-1)!) ?? (text[i - 2] === '/' ? close() : undefined);
      if (refusal !== undefined) return refusal;
    }
  }
  return root === undefined || open.length > 0 ? fail('not-xml', 'unfinished') : accepted(root);

  function readAttributes(element: Open): Refused | undefined {
    if (text[i] === '>') {
      i++;
      return undefined;
    }
    for (let match = at(ATTRIBUTE, text, i); match !== null; match = at(ATTRIBUTE, text, i)) {
      i = ATTRIBUTE.lastIndex;
      const key = `@${match[1]}`;
      const value = unescaped((match[2] ?? match[3] ?? '').replaceAll(/[\t\n]/g, ' '));
      if (value === undefined) return fail('not-xml', 'attribute', key);
      element.tree ??= {};
      if (Object.hasOwn(element.tree, key)) return fail('duplicate-key', '', key);
      element.tree[key] = value;
    }
    if (at(TAG_END, text, i) === null) return fail('not-xml', 'tag');
    i = TAG_END.lastIndex;
    return undefined;
  }

  function close(): Refused | undefined {
    const element = open.at(-1)!;
    if (element.tree !== undefined && !BLANK.test(element.text)) {
      if (element.children) return fail('wrong-type', 'text between elements');
      element.tree['#text'] = element.text;
    }
    const value: Json = element.tree ?? element.text;
    open.pop();
    const parent = open.at(-1);
    if (parent === undefined) {
      root = { name: element.name, value };
      return undefined;
    }
    parent.tree ??= {};
    parent.children = true;
    const there = Object.hasOwn(parent.tree, element.name) ? parent.tree[element.name] : undefined;
    if (repeated.get(element.name) === parent.name) {
      if (there === undefined) parent.tree[element.name] = [value];
      else (there as Json[]).push(value);
      return undefined;
    }
    if (there !== undefined) return fail('duplicate-key', '', element.name);
    parent.tree[element.name] = value;
    return undefined;
  }
}

function at(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(text);
}

/** Below the root, which every document has and no pointer names. */
function pointerOf(open: readonly Open[], last?: string): string {
  const names = open.slice(1).map((element) => element.name);
  return [...names, ...(last === undefined ? [] : [last])].map(step).join('');
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The five entities of XML and character references; anything else after `&` is no XML without a DTD. */
function unescaped(text: string): string | undefined {
  if (!text.includes('&')) return text;
  let sound = true;
  const plain = text.replaceAll(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(\w{1,8}));|&/g, (_, decimal, hex, name) => {
    const character = name === undefined ? referred(decimal, hex) : ENTITIES[name];
    if (character === undefined) sound = false;
    return character ?? '';
  });
  return sound ? plain : undefined;
}

function referred(decimal: string | undefined, hex: string | undefined): string | undefined {
  const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  if (!(point <= 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)) return undefined;
  const character = String.fromCodePoint(point);
  return ILLEGAL.test(character) ? undefined : character;
}
