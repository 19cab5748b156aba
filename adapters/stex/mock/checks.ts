import { DOCUMENTS, type Field } from './fields.ts';
import { fenOf, moment, patentNumber } from './values.ts';
import type { Element } from './xml.ts';

/** The content element of a `<WD>` from the gateway, or what is malformed about it. */
export function checkDocument(document: Element): { readonly content: Element } | { readonly wrong: string } {
  const { WDBH = '', LX = '', SJ = '', BB = '' } = document.attributes;
  if (document.name !== 'WD' || !/^[\x21-\x7e]{1,64}$/.test(WDBH)) return { wrong: 'WD/@WDBH' };
  if (!moment(SJ)) return { wrong: '@SJ' };
  if (BB !== '3.1') return { wrong: '@BB' };
  const rule = Object.hasOwn(DOCUMENTS, LX) ? DOCUMENTS[LX] : undefined;
  if (rule === undefined) return { wrong: '@LX' };
  const [content, ...others] = document.children;
  if (content?.name !== rule.name || others.length > 0) return { wrong: rule.name };
  const wrong = wrongIn(content, rule.fields, rule.name) ?? contradiction(content, LX);
  return wrong === undefined ? { content } : { wrong };
}

function wrongIn(element: Element, fields: Readonly<Record<string, Field>>, at: string): string | undefined {
  const seen = new Set<string>();
  for (const inner of element.children) {
    const field = Object.hasOwn(fields, inner.name) ? fields[inner.name] : undefined;
    if (field === undefined || seen.has(inner.name)) return `${at}/${inner.name}`;
    seen.add(inner.name);
    const wrong = wrongField(inner, field, `${at}/${inner.name}`);
    if (wrong !== undefined) return wrong;
  }
  return Object.keys(fields).find((name) => fields[name]!.need && !seen.has(name));
}

function wrongField(element: Element, field: Field, at: string): string | undefined {
  const empty = element.children.length === 0 && element.text === '';
  if (empty) return field.need ? at : undefined;
  if (field.check !== undefined) return element.children.length === 0 && field.check(element.text) ? undefined : at;
  if (field.inside !== undefined) return wrongIn(element, field.inside, at);
  for (const member of element.children) {
    if (member.name !== field.repeated) return `${at}/${member.name}`;
    if (field.each !== undefined) {
      const wrong = wrongIn(member, field.each, `${at}/${member.name}`);
      if (wrong !== undefined) return wrong;
    }
    for (const [name, check] of Object.entries(field.attributes ?? {})) {
      if (!check(member.attributes[name] ?? '')) return `${at}/${member.name}/@${name}`;
    }
  }
  return undefined;
}

/** What no single field shows. */
function contradiction(content: Element, type: string): string | undefined {
  const text = (name: string) => content.children.find((one) => one.name === name)?.text ?? '';
  const shares = content.children.find((one) => one.name === 'FQ')?.children ?? [];
  const sum = shares.reduce((all, { attributes }) => all + Math.round(Number(attributes.BL) * 1_000_000), 0);
  if (shares.length > 0 && sum !== 1_000_000) return 'FQ';
  if ((text('ZFFS') === '2') !== shares.length > 0 && text('ZFFS') !== '') return 'FQ';
  if (type === '111') {
    if ((text('JGFS') === '3') !== (text('GPJG') === '')) return 'GPJG';
    if ((text('HTLX') === '3') !== (text('XKFS') !== '')) return 'XKFS';
    for (const item of content.children.find((one) => one.name === 'ZSCQ')?.children ?? []) {
      const [kind, number] = ['LX', 'BH'].map((name) => item.children.find((one) => one.name === name)?.text ?? '');
      if (number !== '' && ['1', '2', '3', '4'].includes(kind!) && !patentNumber(number!)) return 'ZSCQ/ITEM/BH';
    }
  }
  if (type.startsWith('30') && type !== '304') {
    if (text('ZT') !== type[2]) return 'ZT';
    if (fenOf(text('JSJYE')) > fenOf(text('CJJG'))) return 'JSJYE';
    if (text('ZT') === '2' && text('JZBH') === '') return 'JZBH';
  }
  if (type === '401' && (text('CJBH') === '') === (text('YXBH') === '')) return 'CJBH';
  return undefined;
}
