/**
 * A parameter as PostgreSQL reads it, for what pg takes long to write: arrays, whose every element it leads through two
 * regular expressions, and dates, which it puts together field by field. Everything else is left to pg.
 */
export function asParameter(value: unknown): unknown {
  if (Array.isArray(value)) return arrayLiteral(value);
  return value instanceof Date ? value.toISOString() : value;
}

/** An array in the text form of PostgreSQL (manual, 8.15.6); dates as instants in UTC, bytes in hex, objects as JSON. */
export function arrayLiteral(items: readonly unknown[]): string {
  let text = '{';
  for (let i = 0; i < items.length; i += 1) text += i === 0 ? element(items[i]) : `,${element(items[i])}`;
  return `${text}}`;
}

function element(item: unknown): string {
  if (typeof item === 'string') return quoted(item);
  if (item === null || item === undefined) return 'NULL';
  if (typeof item !== 'object') return String(item);
  if (item instanceof Date) return `"${item.toISOString()}"`;
  if (Array.isArray(item)) return arrayLiteral(item);
  if (item instanceof Uint8Array) return `"\\\\x${Buffer.from(item).toString('hex')}"`;
  return quoted(JSON.stringify(item));
}

const SPECIAL = /["\\]/;

function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
