import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Threat 22: a pattern that takes exponential time on a crafted string. No pattern of a participant is ever compiled. */

const folder = new URL('../../schemas/', import.meta.url);

/** Every `pattern` in every schema, with where it stands. */
function patternsIn(value: unknown, at: string): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    (name === 'pattern' || name === 'x-pattern') && typeof inner === 'string'
      ? [[at, inner] as const]
      : patternsIn(inner, `${at}/${name}`),
  );
}
const patterns = readdirSync(folder)
  .filter((name) => name.endsWith('.schema.json'))
  .flatMap((name) => patternsIn(JSON.parse(readFileSync(new URL(name, folder), 'utf8')), name));

/** What a quantifier inside a quantifier, or two that overlap, would choke on. */
const CHARACTERS = ['a', '0', '1', 'Z', '-', '.', ' ', ':', '中', 'a-', '0.', '00-', 'aA0'];

test('there are patterns, and a group that repeats is told from the next by a character that is not in it', () => {
  expect(patterns.length).toBeGreaterThan(10);
  // `(\\.[a-z]+)+` begins with a point and has none inside: one way to read each text. `([a-z]+)+` has exponentially many.
  const nested = patterns.flatMap(([at, pattern]) =>
    [...pattern.matchAll(/\((?!\?)([^()]*[^\\(][+*}][^()]*)\)[+*]/g)].map(([, inside]) => [at, inside!] as const),
  );
  expect(nested.filter(([, inside]) => !/^\\\.\[[^\].]+\]\+$/.test(inside))).toEqual([]);
});

test('each answers for 50,000 characters of every sort that it knows, with a wrong one at the end', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    for (const [at, pattern] of workerData.patterns) {
      const compiled = new RegExp(pattern, 'u');
      for (const piece of workerData.characters) {
        for (const text of [piece.repeat(50000 / piece.length) + '\\u0000', '\\u0000' + piece.repeat(50000)]) compiled.test(text);
      }
      parentPort.postMessage(at);
    }`;
  const answered: string[] = [];
  const worker = new Worker(code, { eval: true, workerData: { patterns, characters: CHARACTERS } });
  worker.on('message', (at: string) => answered.push(at));
  // A pattern of exponential time would not end in this universe; jest's own limit ends the test then.
  await new Promise<void>((resolve, reject) => {
    worker.once('exit', () => resolve());
    worker.once('error', reject);
  });
  expect(answered).toEqual(patterns.map(([at]) => at));
});

test('a string is cut by its greatest length before its pattern is tried', () => {
  const texts = readFileSync(new URL('common.schema.json', folder), 'utf8');
  const { $defs } = JSON.parse(texts) as {
    $defs: Record<string, { type?: string; pattern?: string; maxLength?: number }>;
  };
  const unbounded = Object.entries($defs)
    .filter(([, { type, pattern, maxLength }]) => type === 'string' && pattern !== undefined && maxLength === undefined)
    .filter(([, { pattern }]) => /[*+]|\{\d+,\}/.test(pattern!))
    .map(([name]) => name);
  expect(unbounded).toEqual([]);
});
