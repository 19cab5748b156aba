import type { Trie } from '../../src/contract/claims.ts';
import { isObject, type Json } from '../../src/contract/json.ts';

/** Writes an element, its children in the order of the table; what the table does not know is not written. */
export function writeXml(name: string, value: Json, order: Trie | undefined): string {
  if (!isObject(value)) {
    const text = escapeText(String(value));
    return text === '' ? `<${name}/>` : `<${name}>${text}</${name}>`;
  }
  let attributes = '';
  let children = '';
  const keys = order === undefined || order === true ? [] : order.keys;
  for (const [key, inner] of keys) {
    if (!Object.hasOwn(value, key)) continue;
    const part = value[key]!;
    if (key.startsWith('@')) attributes += ` ${key.slice(1)}="${escapeAttribute(String(part))}"`;
    else if (!Array.isArray(part)) children += writeXml(key, part, inner);
    else for (const member of part) children += writeXml(key, member, inner === true ? undefined : inner.each);
  }
  return children === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${children}</${name}>`;
}

export function escapeText(text: string): string {
  return /[&<>\r]/.test(text) ? text.replaceAll(/[&<>\r]/g, escaped) : text;
}

export function escapeAttribute(text: string): string {
  return /[&<"\t\n\r]/.test(text) ? text.replaceAll(/[&<"\t\n\r]/g, escaped) : text;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(character: string): string {
  return ESCAPES[character] ?? `&#${character.charCodeAt(0)};`;
}
