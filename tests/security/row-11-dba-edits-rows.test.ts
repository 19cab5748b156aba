import { setTimeout as sleep } from 'node:timers/promises';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { runTrade } from '../../src/cli/trade.ts';
import { type Database, openDatabase, transaction } from '../../src/journal/database.ts';
import { leafOf } from '../../src/journal/tree.ts';
import { leafSources } from '../../src/journal/tree-sources.ts';
import { decodeLeaf, isAbout } from '../../src/log/leaf.ts';
import { forgetKeys, getJson, type Journey, OPERATOR, openJourney } from '../journeys/federation.ts';

/**
 * trust.md §8, row 11: whoever runs the database edits a row. The gateway's own role cannot; the owner of the tables
 * can, and the recomputation says so within one cycle: in the log, by metric, at /readyz and GET /v1/log.
 */
let journey: Journey;
let owner: Database;

interface LogShown {
  readonly size: number;
  readonly waiting: number;
  readonly recomputation: { readonly lookedAt: number; readonly last: { readonly endedAt: string } | null };
  readonly alarms: {
    readonly count: number;
    readonly first: readonly { readonly code: string; readonly at: string }[];
  };
}
const log = () => getJson<LogShown>(journey, '/v1/log');
const readiness = () =>
  getJson<{ status: string; alarms: readonly { code: string; at: string }[] }>(journey, '/readyz');
const metric = async (name: string) => {
  const response = await fetch(`${journey.gateway.url}/metrics`, { headers: { authorization: `Bearer ${OPERATOR}` } });
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await response.text())?.[1]);
};

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 240_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}

beforeAll(async () => {
  journey = await openJourney({
    limits: { pollIntervalMs: 50, logIntervalMs: 20, recomputeIntervalMs: 10, recomputeSlice: 40 },
  });
  owner = openDatabase(journey.gateway.database.url, { max: 1 });
  const listing = sampleListing('ctex', 1, journey.clock.nowMs());
  journey.mocks.ctex.desk.publish(listing);
  await journey.settle();
  await runTrade(journey, 'ctex', 'stex', listing);
  await journey.settle();
  await journey.gateway.journalLog.sequence();
});

afterAll(async () => {
  await owner?.close();
  await journey?.close();
  forgetKeys();
});

test('after a trade every row of everything that was said has its leaf, about its exact bytes', async () => {
  let rows = 0;
  for (const source of leafSources) {
    const found = await owner.query<{ no: bigint; bytes: Buffer }>(`select no, bytes from leaf_${source}`);
    for (const { no, bytes } of found.rows) {
      rows += 1;
      const placed = await leafOf(owner, source, no);
      expect(isAbout(decodeLeaf(placed!.leaf)!, bytes)).toBe(true);
    }
  }
  expect(rows).toBeGreaterThan(10);
  expect((await log()).size).toBeGreaterThanOrEqual(rows);
});

test('every column of every row of everything that was said is in its leaf', async () => {
  const edits: Readonly<Record<string, (column: string) => string>> = {
    text: (column) => `coalesce(${column}, '') || 'x'`,
    bytea: (column) => `coalesce(${column}, '') || '\\x00'`,
    uuid: () => 'gen_random_uuid()',
    bigint: (column) => `${column} + 1000`,
    integer: (column) => `${column} + 1000`,
    'timestamp with time zone': (column) => `${column} + interval '1 millisecond'`,
  };
  await owner.query(
    `insert into audit (bytes, actor, role, act, subject, at) values ('{}', 'a', 'auditor', 'looked', 's', now())`,
  );
  let looked = 0;
  for (const source of leafSources) {
    const { rows: columns } = await owner.query<{ name: string; type: string }>(
      `select column_name as name, data_type as type from information_schema.columns
        where table_name = $1 and column_name <> 'no'`,
      [source],
    );
    const { rows } = await owner.query<{ no: bigint }>(`select min(no) as no from ${source}`);
    const leaf = `select (l.*)::text as leaf from leaf_${source} l where no = ${rows[0]!.no}`;
    for (const { name, type } of columns) {
      const rolledBack = transaction(owner, async (inside) => {
        const before = (await inside.query(leaf)).rows[0];
        await inside.query(`alter table ${source} disable trigger user`);
        for (const { conname } of (
          await inside.query<{ conname: string }>(
            `select conname from pg_constraint where conrelid = '${source}'::regclass and contype = 'c'`,
          )
        ).rows) {
          await inside.query(`alter table ${source} drop constraint ${conname}`);
        }
        await inside.query(`update ${source} set ${name} = ${edits[type]!(name)} where no = ${rows[0]!.no}`);
        expect([source, name, (await inside.query(leaf)).rows[0]]).not.toEqual([source, name, before]);
        looked += 1;
        throw new Error('rolled back');
      });
      await expect(rolledBack).rejects.toThrow('rolled back');
    }
  }
  expect(looked).toBeGreaterThan(20);
});

test('the gateway itself can rewrite nothing that was said', async () => {
  for (const table of [...leafSources, 'journal_leaf', 'journal_node', 'checkpoint']) {
    for (const statement of [`delete from ${table}`, `truncate ${table} cascade`]) {
      await expect(journey.gateway.database.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
  }
  await expect(journey.gateway.database.query(`update message set subject = 'x'`)).rejects.toMatchObject({
    code: '42501',
  });
});

test('one byte that the owner of the tables changes is found within one cycle, and said everywhere', async () => {
  await until('a whole cycle', async () => (await log()).recomputation.last !== null);
  expect((await log()).alarms).toEqual({ count: 0, first: [] });
  expect(await metric('qiao_log_tampered')).toBe(0);

  // In one transaction: a guard that is seen to be down would be an alarm of its own.
  const no = await transaction(owner, async (inside) => {
    await inside.query('alter table message disable trigger message_append_only');
    const { rows } = await inside.query<{ no: bigint }>(
      `update message set envelope = set_byte(envelope, 100, get_byte(envelope, 100) # 1)
        where no = (select no from message order by no offset 2 limit 1) returning no`,
    );
    await inside.query('alter table message enable trigger message_append_only');
    return rows[0]!.no;
  });
  const at = `message ${no}`;

  const ended = (await log()).recomputation.last?.endedAt;
  // The cycle under way may be past that row; the one after it cannot be.
  let cycles = 0;
  let last = ended;
  await until('the alarm', async () => {
    const shown = await log();
    if (shown.recomputation.last?.endedAt !== last) cycles += 1;
    last = shown.recomputation.last?.endedAt;
    return shown.alarms.first.some((alarm) => alarm.code === 'row-altered' && alarm.at === at);
  });
  expect(cycles).toBeLessThanOrEqual(2);
  expect(await metric('qiao_log_tampered')).toBe(1);
  // An alarm is no reason to turn messages away.
  await until('ready', () =>
    readiness().then(
      ({ status }) => status === 'ready',
      () => false,
    ),
  );
  const { alarms } = await readiness();
  expect(alarms).toContainEqual(expect.objectContaining({ code: 'row-altered', at }));
  expect(journey.errors.some((line) => line.startsWith('log-tampered') && line.includes(at))).toBe(true);
});
