import type { Column } from './report.ts';

/** Columns by what stands in them; widths in characters, a Chinese one being two. */
export const text = (key: string, zh: string, en: string, width: number): Column => ({
  key,
  zh,
  en,
  kind: 'text',
  width,
});
/** Kept as text by a spreadsheet, however much it looks like a number. */
export const id = (key: string, zh: string, en: string, width: number): Column => ({ key, zh, en, kind: 'id', width });
export const money = (key: string, zh: string, en: string): Column => ({ key, zh, en, kind: 'money', width: 20 });
