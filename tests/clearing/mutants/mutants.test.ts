import { fileURLToPath } from 'node:url';
import { startProcess } from '../../support/processes.ts';
import { mutants } from './table.ts';

const seed = Number(process.env.QIAO_SEED ?? Math.floor(Math.random() * 1_000_000));
const DEALS = 500;

interface Judged {
  readonly name: string;
  readonly day: string;
  readonly recall: number;
  readonly precision: number;
  readonly amiss: string;
}

/**
 * The key that the engine is judged by is worth what it notices: each rule of the engine is taken away or turned round
 * once (table.ts), in a process that loads spoilt copies beside the whole one, and the score must fall.
 */
describe(`mutants of the engine (QIAO_SEED=${seed})`, () => {
  let judged: readonly Judged[];
  beforeAll(async () => {
    const hooks = [
      new URL('../../support/typescript.mjs', import.meta.url),
      new URL('./mutating.mjs', import.meta.url),
    ];
    const script = new URL('./judging.ts', import.meta.url);
    const child = startProcess(process.execPath, [
      ...hooks.flatMap(({ href }) => ['--import', href]),
      ...[fileURLToPath(script), String(seed), String(DEALS)],
    ]);
    const { code } = await child.ended;
    if (code !== 0) throw new Error(child.stderr());
    judged = child
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Judged);
    const rows = judged.map(({ name, day, recall, precision, amiss }) =>
      [day.padEnd(7), recall.toFixed(3), precision.toFixed(3), name === '' ? 'the whole engine' : name, amiss].join(
        '  ',
      ),
    );
    process.stdout.write(`day      recall precision\n${rows.join('\n')}\n`);
  }, 300_000);

  it('the whole engine has the full score on every day', () => {
    expect(judged.filter(({ name }) => name === '').map(({ day, amiss }) => [day, amiss])).toEqual([
      ['seeded', ''],
      ['edges', ''],
      ['load', ''],
      ['cut', ''],
    ]);
  });

  it('every one of its mutants is noticed by the key', () => {
    const noticed = new Set(judged.filter(({ amiss }) => amiss !== '').map(({ name }) => name));
    expect(mutants.filter(({ name }) => !noticed.has(name)).map(({ name }) => name)).toEqual([]);
  });
});
