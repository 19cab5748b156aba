/** Where a page begins: after this row, in the order (time, id). `at` is PostgreSQL's own text, to the microsecond. */
export interface Position {
  readonly at: string;
  readonly id: string;
}

/** Keyset paging: `oldest` change first never misses a row that changes meanwhile; `newest` is for people. */
export interface PageRequest {
  readonly after?: Position;
  readonly order: 'oldest' | 'newest';
  /** Rows wanted, at least 1. */
  readonly limit: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Absent: that was the last page. */
  readonly next?: Position;
}

/** The conditions of one statement, with their parameters. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly parts: string[] = [];

  /** The placeholder of one more parameter. */
  bind(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  add(condition: string): void {
    this.parts.push(condition);
  }

  /** Nothing is asked of a column when the value is undefined. */
  equal(column: string, value: unknown): void {
    if (value !== undefined) this.add(`${column} = ${this.bind(value)}`);
  }

  after(position: Position | undefined, order: PageRequest['order'], at: string, id: string): void {
    if (position === undefined) return;
    const sign = order === 'oldest' ? '>' : '<';
    this.add(`(${at}, ${id}) ${sign} (${this.bind(position.at)}::timestamptz, ${this.bind(position.id)})`);
  }

  text(): string {
    return this.parts.length === 0 ? '' : `where ${this.parts.join(' and ')}`;
  }
}

/** Cuts the one row too many that says whether there is a next page. */
export function pageOf<Row>(rows: readonly Row[], limit: number, position: (row: Row) => Position): Page<Row> {
  if (rows.length <= limit) return { rows };
  const kept = rows.slice(0, limit);
  return { rows: kept, next: position(kept.at(-1)!) };
}
