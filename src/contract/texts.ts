import { type Refusal, refuse, step } from './refusal.ts';

/** Outside of these, which NFC leaves as they are and nearly every text is made of, a text has to be looked at. */
const SUSPECT = /[^\t\n\r -\u02ff\u3000-\u3098\u309b-\u9fff\uff00-\uffef]/;
/** Left out: GB18030 has some of them (隣, 凉), and people's names are written with them. */
const COMPATIBILITY_IDEOGRAPHS = /[\uf900-\ufaff]|\ud87e[\udc00-\ude1f]/g;

/**
 * Every text in a message must be in Unicode's normalization form C (UAX #15): two writings of one character would be two
 * texts to a computer and one to a reader. Refused, not mended, for what is signed is these bytes.
 */
export function unnormalised(value: unknown, pointer = ''): readonly Refusal[] {
  // Nearly every message is: pointers are only made for one that is not.
  if (isNormalThroughout(value)) return [];
  if (typeof value === 'string') return [refuse('bad-format', pointer, 'NFC')];
  return Object.entries(value as object).flatMap(([name, member]) => unnormalised(member, pointer + step(name)));
}

function isNormalThroughout(value: unknown): boolean {
  if (typeof value === 'string') return isNormal(value);
  if (typeof value !== 'object' || value === null) return true;
  return (Array.isArray(value) ? value : Object.values(value)).every(isNormalThroughout);
}

function isNormal(text: string): boolean {
  if (!SUSPECT.test(text)) return true;
  const plain = text.replaceAll(COMPATIBILITY_IDEOGRAPHS, '');
  return plain.normalize('NFC') === plain;
}
