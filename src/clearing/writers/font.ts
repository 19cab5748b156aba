import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { create } from 'fontkit';

/** Noto Sans SC, regular, as its authors publish it (fonts/OFL.txt), compressed. */
const FILE = new URL('../fonts/NotoSansSC-Regular.ttf.br', import.meta.url);

/** A font that knows its letters and their widths. */
export interface Font {
  /** TrueType. */
  readonly bytes: Buffer;
  /** In thousandths of the font's size. */
  widthOf(text: string): number;
  /** A letter that the font has not is named: 〔U+20000〕, so that nothing is lost. */
  shown(text: string): string;
}

export async function loadFont(): Promise<Font> {
  const bytes = await promisify(brotliDecompress)(await readFile(FILE));
  const font = create(bytes);
  if (!('glyphForCodePoint' in font)) throw new Error('assertion: the font is a single one');
  const widths = new Map<string, number>();
  const widthOfLetter = (letter: string) => {
    let width = widths.get(letter);
    if (width === undefined) {
      width = (font.glyphForCodePoint(letter.codePointAt(0)!).advanceWidth * 1000) / font.unitsPerEm;
      widths.set(letter, width);
    }
    return width;
  };
  return {
    bytes,
    widthOf: (text) => [...text].reduce((sum, letter) => sum + widthOfLetter(letter), 0),
    shown: (text) =>
      // Controls and marks of direction have no shape, and a line of a table no second one.
      [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')]
        .map((letter) => {
          const code = letter.codePointAt(0)!;
          return font.hasGlyphForCodePoint(code) ? letter : `〔U+${code.toString(16).toUpperCase()}〕`;
        })
        .join(''),
  };
}

/** Cuts text into lines of at most `width`, within words of Latin letters only where it must; the last of `most` lines ends with … if there is more. */
export function wrapped(font: Font, text: string, size: number, width: number, most: number): readonly string[] {
  const room = (width * 1000) / size;
  const lines: string[] = [];
  let [line, used] = ['', 0];
  for (const letter of font.shown(text)) {
    const more = font.widthOf(letter);
    if (used + more > room && line !== '') {
      const isInWord = /[A-Za-z]$/.test(line) && /[A-Za-z]/.test(letter);
      const blank = isInWord ? line.lastIndexOf(' ') + 1 : 0;
      const kept = blank > 0 ? blank : line.length;
      lines.push(line.slice(0, kept));
      line = line.slice(kept);
      used = font.widthOf(line);
    }
    line += letter;
    used += more;
  }
  lines.push(line);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `${[...lines[most - 1]!].slice(0, -1).join('')}…`];
}
