import type { StatementReader } from '../contract/books.ts';
import { refuse, refused } from '../contract/refusal.ts';
import { readCsv } from './csv-read.ts';
import { readOwnLines } from './own-lines.ts';
import { readTableBook } from './table-book.ts';
import { readXlsx } from './xlsx-read.ts';

/** Forms in which a book may come besides its exchange's own. */
export type BookForm = 'csv' | 'xlsx' | 'jsonl';

/** A workbook is held in memory whole, unlike the others. */
const MAX_XLSX_BYTES = 16 * 1_048_576;

export const bookForms: Readonly<Record<BookForm, (source: AsyncIterable<Uint8Array>) => StatementReader>> = {
  csv: (source) => readTableBook(readCsv(source)),
  jsonl: readOwnLines,
  async *xlsx(source) {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of source) {
      length += chunk.byteLength;
      if (length > MAX_XLSX_BYTES) return refused(refuse('too-large'));
      chunks.push(chunk);
    }
    return yield* readTableBook(readXlsx(Buffer.concat(chunks)));
  },
};
