import iconv from 'iconv-lite';

/** The mock's own small XML: elements, attributes, text; no DTD, comments or CDATA. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

interface Growing {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  text: string;
}

const DECLARATION = /^\s*<\?xml version="1\.0"(?: encoding="GB18030")?\?>/i;
const TOKEN = /<(\/?)([A-Za-z]+)((?:\s+[A-Za-z]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([A-Za-z]+)="([^"<]*)"/g;

/** Undefined: malformed, wherever it is. */
export function parseXml(bytes: Uint8Array): Element | undefined {
  let text: string;
  try {
    text = new TextDecoder('gb18030', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const open: Growing[] = [];
  let root: Element | undefined;
  TOKEN.lastIndex = DECLARATION.exec(text)?.[0].length ?? 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (token === null) return undefined;
    const [, slash, name, attributes, empty, plain] = token;
    const top = open.at(-1);
    if (plain !== undefined) {
      if (top !== undefined) top.text += unescaped(plain);
      else if (plain.trim() !== '') return undefined;
      continue;
    }
    if (slash === '/') {
      if (top?.name !== name || attributes !== '' || empty !== '') return undefined;
      open.pop();
      continue;
    }
    if (root !== undefined && top === undefined) return undefined;
    const element: Growing = { name: name!, attributes: {}, children: [], text: '' };
    for (const [, key, value] of attributes!.matchAll(ATTRIBUTE)) element.attributes[key!] = unescaped(value!);
    root ??= element;
    top?.children.push(element);
    if (empty !== '/') open.push(element);
    if (open.length > 12) return undefined;
  }
  return open.length === 0 ? root : undefined;
}

function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll(/&#(\d+);/g, (_, point) => String.fromCodePoint(Number(point) % 0x10ffff))
    .replaceAll('&amp;', '&');
}

export function escaped(text: string): string {
  if (!/[&<>"]/.test(text)) return text;
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** `<NAME>text</NAME>`, `<NAME/>` where there is none. */
export function tag(name: string, text: string | undefined): string {
  return text === undefined || text === '' ? `<${name}/>` : `<${name}>${escaped(text)}</${name}>`;
}

export const XML_DECLARATION = '<?xml version="1.0" encoding="GB18030"?>\n';

export function gb18030(text: string): Buffer {
  return iconv.encode(text, 'gb18030');
}

/** The child of that name, the first of several. */
export function child(element: Element, name: string): Element | undefined {
  return element.children.find((one) => one.name === name);
}

/** The text of the child of that name, '' where there is none. */
export function textOf(element: Element, name: string): string {
  return child(element, name)?.text ?? '';
}

/** Children with text only, by name: what the book keeps of a document. */
export function flat(element: Element): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const { name, children, text } of element.children) {
    if (children.length === 0) {
      fields[name] = text;
      continue;
    }
    for (const [i, inner] of children.entries()) {
      const key = children.length > 1 && children[0]!.name === children[1]!.name ? `${inner.name}.${i}` : inner.name;
      for (const [attribute, value] of Object.entries(inner.attributes)) fields[`${name}.${key}.${attribute}`] = value;
      if (inner.children.length === 0) fields[`${name}.${key}`] = inner.text;
      else for (const leaf of inner.children) fields[`${name}.${key}.${leaf.name}`] = leaf.text;
    }
  }
  return fields;
}
