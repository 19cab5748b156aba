import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverUrl } from '../support/database.ts';
import { qiao } from './command-line.ts';

const sample = fileURLToPath(new URL('../clearing/samples/clearing-2026-03-02/', import.meta.url));
const jsonLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('qiao reconcile', () => {
  let folder: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qiao-reconcile-'));
    env = { DATABASE_URL: serverUrl(), QIAO_DATA: folder };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const files = { ctex: `${sample}ctex.jsonl`, stex: `${sample}stex.xml`, szse: `${sample}szse.txt` };
  const reconcile = (
    out: string,
    statements: Readonly<Record<string, string>> = files,
    date = '2026-03-02',
    more: Readonly<Record<string, string>> = {},
  ) =>
    qiao(
      [
        ...['reconcile', '--date', date, '--journal', `${sample}journal.jsonl`, '--out', out],
        ...Object.entries(statements).flatMap(([exchange, file]) => ['--statement', `${exchange}=${file}`]),
      ],
      { env: { ...env, ...more } },
    );

  it('finds on the sample exactly what its key holds: no break less, none more', async () => {
    const out = join(folder, 'breaks.jsonl');
    const ran = await reconcile(out);
    expect(ran.stderr).toBe('');
    expect(ran.exit).toBe(0);
    const key = jsonLines(await readFile(`${sample}key.jsonl`, 'utf8'));
    const breaks = jsonLines(await readFile(out, 'utf8'));
    const asKeyed = breaks.map(({ dealId, code, exchange, delta }) => ({
      dealId,
      code: code.replace(/^AMT[+-]$/, 'AMT'),
      exchange,
      delta: delta?.replace('-', '') ?? null,
      sign: delta === null ? 0 : delta.startsWith('-') ? -1 : 1,
    }));
    const sorted = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).sort();
    expect(sorted(asKeyed)).toEqual(sorted(key));
    for (const { code, delta } of breaks.filter(({ code }) => /^AMT[+-]$/.test(code))) {
      expect(code).toBe(delta.startsWith('-') ? 'AMT-' : 'AMT+');
    }
  });

  it('writes the same breaks for a spreadsheet, one a line', async () => {
    const [out, csv] = [join(folder, 'sheet.jsonl'), join(folder, 'sheet.csv')];
    const statements = Object.entries(files).flatMap(([exchange, file]) => ['--statement', `${exchange}=${file}`]);
    const argv = [
      '--date',
      '2026-03-02',
      '--journal',
      `${sample}journal.jsonl`,
      ...statements,
      '--out',
      out,
      '--csv',
      csv,
    ];
    expect((await qiao(['reconcile', ...argv], { env })).exit).toBe(0);
    const [head, ...lines] = (await readFile(csv, 'utf8')).trimEnd().split('\r\n');
    expect(head).toMatch(/^\ufeff差错号 breakId,/);
    const ids = jsonLines(await readFile(out, 'utf8')).map(({ breakId }) => breakId);
    expect(lines.map((line) => line.split(',')[0])).toEqual(ids);
    expect(lines.some((line) => line.includes(',-0.01,'))).toBe(true);
  });

  it('says the same of the same files again, down to the hash', async () => {
    const [one, other] = [join(folder, 'one.jsonl'), join(folder, 'other.jsonl')];
    const [first, second] = [await reconcile(one), await reconcile(other)];
    expect(second.stdout.toString()).toBe(first.stdout.toString());
    expect(await readFile(other)).toEqual(await readFile(one));
  });

  it('accounts for every row of every book: the fates add up to the control totals', async () => {
    const summary = JSON.parse((await reconcile(join(folder, 'rows.jsonl'))).stdout.toString());
    const added = (side: string) => {
      const heaps = Object.values(summary.rows[side]) as { rows: number; price: string }[];
      return [
        heaps.reduce((sum, { rows }) => sum + rows, 0),
        heaps.reduce((sum, { price }) => sum + BigInt(price.replace('.', '')), 0n),
      ];
    };
    // As the files' own headers and trailer state them.
    expect(added('ctex')).toEqual([195, 79_035_688_034n]);
    expect(added('stex')).toEqual([205, 78_454_892_981n]);
    const trailer = (await readFile(files.szse, 'utf8')).trimEnd().split('\n').at(-1)!.split('|');
    expect(added('szse')).toEqual([Number(trailer[1]), BigInt(trailer[2]!)]);
  });

  it('lets pass what QIAO_TOLERANCES says, and totals it apart from what agrees', async () => {
    const tolerances = join(folder, 'tolerances.json');
    const all = [
      ['ctex', 'stex'],
      ['ctex', 'szse'],
      ['stex', 'szse'],
    ].map((pair) => ({
      ...{ pair, currency: 'CNY', absolute: '0.01', bps: 0, provenance: 'assumption' },
      basis: { zh: '测试用', en: 'for tests' },
    }));
    await writeFile(tolerances, JSON.stringify(all));
    const exact = JSON.parse((await reconcile(join(folder, 'exact.jsonl'))).stdout.toString());
    const out = join(folder, 'tolerated.jsonl');
    const ran = await reconcile(out, files, '2026-03-02', { QIAO_TOLERANCES: tolerances });
    const summary = JSON.parse(ran.stdout.toString());
    expect(summary.rulesSha256).not.toBe(exact.rulesSha256);
    const passed = summary.tolerated.reduce((sum: number, { deals }: { deals: number }) => sum + deals, 0);
    expect(summary.breaks).toBe(exact.breaks - passed);
    expect(passed).toBeGreaterThan(0);
    for (const { deals, gross } of summary.tolerated) expect(BigInt(gross.replace('.', ''))).toBe(BigInt(deals));
    const breaks = jsonLines(await readFile(out, 'utf8'));
    expect(breaks.map(({ delta }) => delta)).not.toContain('0.01');
    await writeFile(tolerances, JSON.stringify(all.map(({ basis: _, ...rest }) => rest)));
    const refused = await reconcile(out, files, '2026-03-02', { QIAO_TOLERANCES: tolerances });
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toMatch(/QIAO_TOLERANCES.*\/0\/basis/);
  });

  it('refuses a statement that was cut short, whole, with its reasons, and compares nothing', async () => {
    const cut = join(folder, 'cut.txt');
    const lines = (await readFile(files.szse, 'utf8')).split('\n');
    await writeFile(cut, [...lines.slice(0, 100), ...lines.slice(101)].join('\n'));
    const out = join(folder, 'none.jsonl');
    const ran = await reconcile(out, { ...files, szse: cut });
    expect(ran.exit).toBe(2);
    const problem = JSON.parse(ran.stderr);
    expect(problem).toMatchObject({ code: 'CTL', status: 422 });
    expect(problem.errors[0]).toMatchObject({ pointer: '/statements/szse' });
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('takes no statement of another day', async () => {
    const ran = await reconcile(join(folder, 'day.jsonl'), files, '2026-03-03');
    expect(ran.exit).toBe(2);
    expect(JSON.parse(ran.stderr).errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(
      expect.arrayContaining(['/statements/ctex', '/statements/stex', '/statements/szse']),
    );
  });

  it('needs each exchange once, and a date', async () => {
    const { stex: _none, ...two } = files;
    expect((await reconcile(join(folder, 'x'), two)).exit).toBe(64);
    expect((await reconcile(join(folder, 'x'), files, '2026-02-30')).exit).toBe(64);
    const missing = await reconcile(join(folder, 'x'), { ...files, stex: join(folder, 'nowhere.xml') });
    expect(missing.exit).toBe(1);
    expect(missing.stderr).toContain('nowhere.xml');
  });
});
