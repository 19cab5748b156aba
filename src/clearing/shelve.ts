import type { CopyConnection, CopyIn } from '../journal/copy.ts';
import { SeenDeals } from './ordinals.ts';
import type { BookRow } from './row.ts';
import { copyAgain, copyLine, copyRows, createAgain, rowColumns, type Shelf } from './row-copy.ts';

/** What became of deals that a source has several times. */
type Again = 'ordinals' | 'newest';

/**
 * Puts the rows of one book into the table, in one COPY, whatever their number.
 *
 * A deal that the book has again waits until all rows are there: in an exchange's book it gets the next ordinal
 * (`ordinals`), in the journal the newest version stands (`newest`).
 */
export class Shelving {
  readonly #connection: CopyConnection;
  readonly #shelf: Shelf;
  readonly #again: Again;
  readonly #copy: CopyIn;
  readonly #seen = new SeenDeals();
  readonly #waiting: string[] = [];

  constructor(connection: CopyConnection, shelf: Shelf, again: Again) {
    this.#connection = connection;
    this.#shelf = shelf;
    this.#again = again;
    this.#copy = connection.copyIn(copyRows);
  }

  /** `versions`: of each row, in the journal. */
  async put(rows: readonly BookRow[], versions?: readonly number[]): Promise<void> {
    let text = '';
    for (const [i, row] of rows.entries()) {
      const version = versions?.[i] ?? 1;
      const before = this.#seen.see(row.dealId, version);
      if (before === 0) {
        text += copyLine(row, this.#shelf);
        continue;
      }
      if (this.#again === 'newest' && version > before) this.#seen.mark(row.dealId, version);
      this.#waiting.push(copyLine(row, this.#shelf, `\t${version > before ? version : 0}`));
    }
    if (text !== '') await this.#copy.write(Buffer.from(text));
  }

  /** Resolves with the rows that stand in the table. */
  async end(): Promise<number> {
    const rows = await this.#copy.end();
    if (this.#waiting.length === 0) return rows;
    const { cycle, version, book } = this.#shelf;
    await this.#connection.query(createAgain);
    const copy = this.#connection.copyIn(copyAgain);
    for (const line of this.#waiting) await copy.write(Buffer.from(line));
    await copy.end();
    await this.#connection.query('analyze clearing_again');
    if (this.#again === 'ordinals') {
      const added = await this.#connection.query(nextOrdinals, [cycle, version, book]);
      return rows + (added.rowCount ?? 0);
    }
    const gone = await this.#connection.query(withoutOlder, [cycle, version, book]);
    const added = await this.#connection.query(newestVersions, [cycle, version, book]);
    return rows - (gone.rowCount ?? 0) + (added.rowCount ?? 0);
  }
}

const others = rowColumns.replace('ordinal, ', '');

// None of these needs the index of the rows: it may not be there yet (reconcile-files.ts).
const nextOrdinals = `
  insert into clearing_row (ordinal, ${others})
  select coalesce(had.ordinal, 0) + row_number() over (partition by deal_id order by a.line), ${others}
    from clearing_again a
    left join (select r.deal_id, max(r.ordinal) as ordinal from clearing_row r
                where r.cycle = $1 and r.cycle_version = $2 and r.book = $3
                  and r.deal_id in (select deal_id from clearing_again)
                group by r.deal_id) had using (deal_id)`;

/** Only versions newer than the one that came first are marked with their number. */
const withoutOlder = `
  delete from clearing_row r using (select distinct deal_id from clearing_again where version > 0) a
   where r.deal_id = a.deal_id and r.side = 'journal' and r.cycle = $1 and r.cycle_version = $2 and r.book = $3`;

const newestVersions = `
  insert into clearing_row (${rowColumns})
  select distinct on (deal_id) ${rowColumns} from clearing_again
   where deal_id not in (select r.deal_id from clearing_row r
                          where r.side = 'journal' and r.cycle = $1 and r.cycle_version = $2 and r.book = $3
                            and r.deal_id in (select deal_id from clearing_again))
   order by deal_id, version desc, line desc`;
