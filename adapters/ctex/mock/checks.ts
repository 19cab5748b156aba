/** CTEX's own checks of what the gateway sends, field by field. */

export type Fields = Readonly<Record<string, unknown>>;

export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly msg: string;
}

/** What is wrong with a value: one text, or errors at pointers below it. */
type Check = (value: unknown, around: Fields) => string | readonly FieldError[] | undefined;
interface Rule {
  readonly check: Check;
  readonly optional?: boolean;
}
export type Rules = Readonly<Record<string, Rule>>;

export const text =
  (max: number, pattern?: RegExp): Check =>
  (value) =>
    typeof value === 'string' && value !== '' && value.length <= max && (pattern === undefined || pattern.test(value))
      ? undefined
      : '格式错误';
export const oneOf =
  (known: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && known.includes(value) ? undefined : '未知代码';
export const inTable = (table: Record<string, string>) => oneOf(Object.values(table));
export const whole =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max ? undefined : '数值错误';
export const need = (check: Check): Rule => ({ check });
export const may = (check: Check): Rule => ({ check, optional: true });

export const date: Check = (value) => {
  const isDate = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);
  const back = isDate ? new Date(`${value}T00:00:00Z`) : undefined;
  const isReal = back !== undefined && !Number.isNaN(back.getTime()) && back.toISOString().slice(0, 10) === value;
  return isReal ? undefined : '日期错误';
};
export const moment: Check = (value, around) =>
  typeof value === 'string' && /^.{10} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(value)
    ? date(value.slice(0, 10), around)
    : '时间错误';

const LARGEST_FEN = 2n ** 53n - 1n;

/** Fen of an amount in `unit`, or undefined where it is no such amount. */
export function fenOf(value: unknown, unit: unknown): bigint | undefined {
  const decimals = unit === '元' ? 2 : 6;
  const match = typeof value === 'string' ? /^(0|[1-9]\d{0,14})(?:\.(\d+))?$/.exec(value) : null;
  if (match === null || (match[2] ?? '').length > decimals) return undefined;
  const fen = BigInt(match[1]! + (match[2] ?? '').padEnd(decimals, '0'));
  return fen <= LARGEST_FEN ? fen : undefined;
}

export const amount: Check = (value, around) =>
  fenOf(value, around.priceUnit ?? '万元') === undefined ? '金额错误' : undefined;
export const yuan: Check = (value) => (fenOf(value, '元') === undefined ? '金额错误' : undefined);

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
export const creditCode: Check = (value) => {
  if (typeof value !== 'string' || value.length !== 18) return '统一社会信用代码错误';
  let [sum, weight] = [0, 1];
  for (const char of value.slice(0, 17)) {
    if (!ALPHABET.includes(char)) return '统一社会信用代码错误';
    sum += ALPHABET.indexOf(char) * weight;
    weight = (weight * 3) % 31;
  }
  return ALPHABET[(31 - (sum % 31)) % 31] === value[17] ? undefined : '统一社会信用代码校验位错误';
};

/** Everything wrong with a body; empty: nothing is. */
export function errorsIn(fields: Fields, rules: Rules, at = ''): readonly FieldError[] {
  const found: FieldError[] = [];
  const report = (key: string, msg: string) => found.push({ pointer: `${at}/${key}`, code: '1001', msg });
  for (const key of Object.keys(fields)) if (!Object.hasOwn(rules, key)) report(key, '未知字段');
  for (const [key, { check, optional }] of Object.entries(rules)) {
    const value = fields[key];
    if (value === undefined || value === null) {
      if (optional !== true) report(key, '缺少字段');
      continue;
    }
    const wrong = check(value, fields);
    if (typeof wrong === 'string') report(key, wrong);
    else for (const error of wrong ?? []) found.push({ ...error, pointer: `${at}/${key}${error.pointer}` });
  }
  return found;
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function inside(rules: Rules): Check {
  return (value) => (isFields(value) ? errorsIn(value, rules) : '类型错误');
}

export function each(rules: Rules): Check {
  return (value) =>
    Array.isArray(value)
      ? value.flatMap((member, i) =>
          isFields(member) ? errorsIn(member, rules, `/${i}`) : [{ pointer: `/${i}`, code: '1001', msg: '类型错误' }],
        )
      : '类型错误';
}
