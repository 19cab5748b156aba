import { setImmediate } from 'node:timers/promises';
import PDFDocument from 'pdfkit';
import { type Cell, type Column, cellText, type Report, type Section, type Stamp } from '../report.ts';
import { type Font, loadFont, wrapped } from './font.ts';

/** A4 across, in points. */
const [WIDTH, HEIGHT, MARGIN] = [841.89, 595.28, 36];
const BODY_END = HEIGHT - 92;
const INNER = WIDTH - 2 * MARGIN;
const SIZE = 7;
const LINE = 10.5;
const PADDING = 3;
/** Lines of one cell at most. */
const MOST_LINES = 8;
const BREATH = 10;
/** Who signs by hand: who made it, who checked it, who is in charge. */
const BOXES = ['制单 Prepared by', '复核 Checked by', '主管 Approved by'] as const;

/**
 * A report as PDF, A4 across: each page bears x/y, the digest of the contents and three boxes to sign in.
 *
 * It is laid out twice, first to count the pages: each page can leave as soon as it is drawn, and the same report gives the
 * same bytes. `madeAt` of the stamp becomes the document's date.
 */
export async function* writePdf(report: Report, stamp: Stamp): AsyncGenerator<Uint8Array, void, void> {
  const font = await loadFont();
  const pages = await layOut(report, font, stamp, undefined);
  const document = new PDFDocument({
    size: [WIDTH, HEIGHT],
    margin: 0,
    font: '',
    info: { Title: `${report.zh} ${report.cycle}`, Author: 'Qiao 桥', CreationDate: new Date(stamp.madeAt) },
  });
  document.registerFont('text', font.bytes).font('text');
  const drawn = layOut(report, font, stamp, { document, of: pages }).then(
    () => document.end(),
    (error: Error) => document.destroy(error),
  );
  for await (const piece of document) yield piece as Buffer;
  await drawn;
}

interface Drawing {
  readonly document: PDFKit.PDFDocument;
  /** Pages in all. */
  readonly of: number;
}

/** Goes through the whole report, drawing it or not, and says how many pages it takes. */
async function layOut(report: Report, font: Font, stamp: Stamp, drawing: Drawing | undefined): Promise<number> {
  const pen = new Pen(font, stamp, report, drawing);
  pen.title();
  for (const section of report.sections) {
    const columns = columnsOf(section, font);
    pen.section(section, columns);
    let isEmpty = true;
    for await (const page of section.rows()) {
      for (const [i, row] of page.entries()) {
        isEmpty = false;
        pen.row(columns, row);
        // A row takes milliseconds, and others wait for this thread.
        if (i % BREATH === 0) await setImmediate();
      }
    }
    if (isEmpty) pen.empty();
  }
  return pen.page;
}

interface PlacedColumn {
  readonly column: Column;
  readonly x: number;
  readonly width: number;
}

/** What is never broken: a column for it is as wide as that needs. */
const WHOLE = { date: '2026-03-02', money: '-100,000,000.00', count: '1,000,000' } as const;
/** Half-width characters of an id that stand on one line where there is little room. */
const ID_CHARACTERS = 26;

/** The columns side by side, as wide as the page: amounts, counts and dates as they need, the others share what is left. */
function columnsOf({ columns }: Section, font: Font): readonly PlacedColumn[] {
  const needs = ({ kind }: Column) =>
    kind === 'text' || kind === 'id' ? 0 : (font.widthOf(WHOLE[kind]) * SIZE) / 1000 + 2 * PADDING + 1;
  const shares = ({ kind, width }: Column) =>
    kind === 'id' ? Math.min(width, ID_CHARACTERS) : kind === 'text' ? width : 0;
  const left = INNER - columns.reduce((sum, column) => sum + needs(column), 0);
  const all = columns.reduce((sum, column) => sum + shares(column), 0);
  let x = MARGIN;
  return columns.map((column) => {
    const width = needs(column) + (all === 0 ? left / columns.length : (shares(column) / all) * left);
    x += width;
    return { column, x: x - width, width };
  });
}

/** Where the next line goes, and on which page. Without a drawing it only measures. */
class Pen {
  page = 1;
  #y = MARGIN;
  #columns: readonly PlacedColumn[] = [];
  readonly #font: Font;
  readonly #stamp: Stamp;
  readonly #report: Report;
  readonly #drawing: Drawing | undefined;

  constructor(font: Font, stamp: Stamp, report: Report, drawing: Drawing | undefined) {
    this.#font = font;
    this.#stamp = stamp;
    this.#report = report;
    this.#drawing = drawing;
    this.#foot();
  }

  title(): void {
    const { zh, en, cycle, facts } = this.#report;
    this.#text(zh, MARGIN, this.#y, 16);
    this.#text(`${en} · ${cycle}`, MARGIN, this.#y + 22, 9);
    this.#y += 42;
    let isLeft = true;
    for (const { zh, en, value } of facts) {
      // Two beside each other; what is long has a line of its own.
      const isWide = value.length > 40;
      if (isWide && !isLeft) this.#y += LINE + 2;
      const x = isLeft || isWide ? MARGIN : MARGIN + INNER / 2;
      const [line] = wrapped(this.#font, `${zh} ${en}：${value}`, SIZE + 0.5, isWide ? INNER : INNER / 2 - 8, 1);
      this.#make(LINE);
      this.#text(line!, x, this.#y, SIZE + 0.5);
      isLeft = isWide || !isLeft;
      if (isLeft) this.#y += LINE + 2;
    }
    this.#y += isLeft ? 4 : LINE + 6;
  }

  section({ zh, en }: Section, columns: readonly PlacedColumn[]): void {
    this.#columns = [];
    // The name of a table does not stand alone at the foot of a page.
    this.#make(18 + 4 * LINE);
    this.#text(`${zh} ${en}`, MARGIN, this.#y + 4, 10);
    this.#y += 20;
    this.#columns = columns;
    this.#head();
  }

  /** Said, so that nobody wonders whether a page is missing. */
  empty(): void {
    this.#make(LINE + 2);
    this.#text('（无）none', MARGIN + PADDING, this.#y + 1, SIZE);
    this.#y += LINE + 2;
  }

  row(columns: readonly PlacedColumn[], row: readonly Cell[]): void {
    const cells = columns.map(({ column, width }, i) =>
      wrapped(this.#font, shownText(column, row[i] ?? null), SIZE, width - 2 * PADDING, MOST_LINES),
    );
    const height = Math.max(...cells.map(({ length }) => length)) * LINE + 2;
    this.#make(height);
    this.#cells(columns, cells);
    this.#y += height;
    this.#rule(this.#y, 0.25);
  }

  #head(): void {
    const columns = this.#columns;
    const cells = columns.map(({ column, width }) => [
      ...wrapped(this.#font, column.zh, SIZE, width - 2 * PADDING, 2),
      ...wrapped(this.#font, column.en, SIZE, width - 2 * PADDING, 2),
    ]);
    const height = Math.max(...cells.map(({ length }) => length)) * LINE + 4;
    this.#drawing?.document.rect(MARGIN, this.#y, INNER, height).fill('#e7ecf3').fillColor('#000000');
    this.#y += 1;
    this.#cells(columns, cells);
    this.#y += height - 1;
    this.#rule(this.#y, 0.5);
  }

  #cells(columns: readonly PlacedColumn[], cells: readonly (readonly string[])[]): void {
    for (const [i, { column, x, width }] of columns.entries()) {
      const isRight = column.kind === 'money' || column.kind === 'count';
      for (const [n, line] of cells[i]!.entries()) {
        const shift = isRight ? width - PADDING - (this.#font.widthOf(line) * SIZE) / 1000 : PADDING;
        this.#text(line, x + shift, this.#y + 1 + n * LINE, SIZE);
      }
    }
  }

  /** Begins a page where there is no room of that height left on this one. */
  #make(height: number): void {
    if (this.#y + height <= BODY_END) return;
    this.page++;
    this.#y = MARGIN;
    this.#drawing?.document.addPage();
    this.#foot();
    if (this.#columns.length > 0) this.#head();
  }

  #foot(): void {
    const { sha256, madeAt, madeBy } = this.#stamp;
    const { zh, cycle } = this.#report;
    const top = HEIGHT - 84;
    const width = INNER / BOXES.length;
    for (const [i, box] of BOXES.entries()) {
      this.#drawing?.document
        .rect(MARGIN + i * width, top, width, 32)
        .lineWidth(0.5)
        .stroke('#444444');
      this.#text(i === 0 ? `${box}：${madeBy}` : `${box}：`, MARGIN + i * width + PADDING, top + 4, SIZE);
    }
    this.#text(`${zh} ${cycle} · 制表时间 made at ${madeAt}`, MARGIN, top + 38, SIZE);
    this.#text(`内容摘要 SHA-256 ${sha256}`, MARGIN, top + 50, SIZE);
    const of = this.#drawing?.of ?? 0;
    const number = `第 ${this.page} 页，共 ${of} 页 Page ${this.page}/${of}`;
    const shift = (this.#font.widthOf(number) * SIZE) / 1000;
    this.#text(number, WIDTH - MARGIN - shift, top + 50, SIZE);
  }

  #rule(y: number, weight: number): void {
    this.#drawing?.document
      .moveTo(MARGIN, y)
      .lineTo(WIDTH - MARGIN, y)
      .lineWidth(weight)
      .stroke('#888888');
  }

  #text(text: string, x: number, y: number, size: number): void {
    if (this.#drawing === undefined || text === '') return;
    this.#drawing.document.fillColor('#000000').fontSize(size).text(text, x, y, { lineBreak: false });
  }
}

/** Amounts and counts with thousands separators. */
function shownText(column: Column, cell: Cell): string {
  const text = cellText(column, cell);
  return typeof cell === 'bigint' ? text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',') : text;
}
