import iconv from 'iconv-lite';

const decoder = new TextDecoder('gb18030', { fatal: true, ignoreBOM: true });

/** Bytes → text; undefined when they are not GB18030. */
export function readGb18030(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Text → bytes, or the first character that does not survive the way there and back.
 *
 * The writer follows the mapping of 2005, the reader that of 2022: they differ at 19 code points, all of the private
 * use area, and a lone surrogate cannot be written at all. Such a text is turned down rather than sent as something
 * else.
 */
export function writeGb18030(text: string): { readonly bytes: Uint8Array } | { readonly lost: string } {
  const bytes = iconv.encode(text, 'gb18030');
  const back = readGb18030(bytes);
  if (back === text) return { bytes };
  const [sent, returned] = [[...text], [...(back ?? '')]];
  const at = sent.findIndex((character, i) => character !== returned[i]);
  return { lost: sent[at] ?? '' };
}
