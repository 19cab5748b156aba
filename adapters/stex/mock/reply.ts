import { escaped, tag } from './xml.ts';

/** `<HD>`, the answer to a document or a question about one. */
export function replyOf(reply: {
  readonly code: string;
  readonly text: string;
  readonly document?: string;
  readonly number?: string;
  readonly rules?: readonly { readonly code: string; readonly text: string }[];
}): string {
  const rules = (reply.rules ?? []).map(({ code, text }) => `<GZ DM="${escaped(code)}" SM="${escaped(text)}"/>`);
  const head = tag('FHDM', reply.code) + tag('FHXX', reply.text) + tag('WDBH', reply.document);
  return `<HD>${head}${tag('JXBH', reply.number)}${rules.join('')}</HD>`;
}
