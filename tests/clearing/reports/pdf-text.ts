import { inflateSync } from 'node:zlib';

/** A text on a page, where it begins in points from the top left, and its size. */
export interface PlacedText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/**
 * The texts of a PDF, page by page, as a reader copies them: through the font's ToUnicode table (ISO 32000-1, §9.10.3).
 * Only what PDFKit writes: one font, glyph numbers of two bytes in TJ.
 */
export function textsOf(pdf: Buffer): readonly (readonly PlacedText[])[] {
  const streams = streamsIn(pdf);
  const letters = lettersIn(streams.find((stream) => stream.includes('begincmap')) ?? '');
  return streams.filter((stream) => / Tf\n/.test(stream)).map((stream) => pageIn(stream, letters));
}

function streamsIn(pdf: Buffer): readonly string[] {
  const streams: string[] = [];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at)) {
    const end = pdf.indexOf('\nendstream', at);
    try {
      streams.push(inflateSync(pdf.subarray(at + 7, end)).toString('latin1'));
    } catch {
      // Not compressed: no text of ours.
    }
    at = end + 12;
  }
  return streams;
}

function lettersIn(table: string): ReadonlyMap<number, string> {
  const letters = new Map<number, string>();
  for (const [, first, list] of table.matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/g)) {
    for (const [i, units] of [...list!.matchAll(/<([0-9a-f ]+)>/g)].entries()) {
      const hex = units[1]!.replaceAll(' ', '');
      letters.set(Number.parseInt(first!, 16) + i, Buffer.from(hex, 'hex').swap16().toString('utf16le'));
    }
  }
  return letters;
}

function pageIn(stream: string, letters: ReadonlyMap<number, string>): readonly PlacedText[] {
  return [...stream.matchAll(/1 0 0 1 ([\d.]+) ([\d.]+) Tm\n(?:[^\n]*\n)*?\[([^\]]*)\] TJ/g)].map(([, x, y, runs]) => ({
    x: Number(x),
    y: 595.28 - Number(y),
    text: [...runs!.matchAll(/<([0-9a-f]*)>/g)]
      .flatMap(([, glyphs]) => glyphs!.match(/.{4}/g) ?? [])
      .map((glyph) => letters.get(Number.parseInt(glyph, 16)) ?? '\ufffd')
      .join(''),
  }));
}
