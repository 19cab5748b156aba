import fc from 'fast-check';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { type Cycle, type KnownHead, openRecomputation, type Recomputation } from '../../src/journal/recompute.ts';
import { type Alarm, alarm } from '../../src/journal/recompute-alarms.ts';
import { GATEWAY_ROLE } from '../../src/journal/roles.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import { headOf } from '../../src/journal/tree.ts';
import { append, type Edge, EMPTY_TREE, leafHash, rootOf } from '../../src/log/merkle.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { keepMessages } from './rows.ts';

const ROWS = 37;
let place: TestDatabase;
let owner: Database;
let gateway: Database;
let told: Alarm[];
let cycles: Cycle[];
let job: Recomputation;

beforeEach(async () => {
  place = await createTestDatabase();
  owner = openDatabase(place.url, { max: 2 });
  gateway = openDatabase(place.url, { max: 2, role: GATEWAY_ROLE });
  for (let i = 0; i < ROWS; i++) await keepMessages(gateway, `ctex:${i % 3}`, 1, 1 + Math.floor(i / 3));
  while ((await sequence(gateway, 10, 0)).leaves > 0);
  told = [];
  cycles = [];
  job = open();
});
afterEach(async () => {
  await gateway.close();
  await owner.close();
  await place.drop();
});

function open(known?: readonly KnownHead[]): Recomputation {
  let now = 0;
  return openRecomputation({
    database: gateway,
    slice: 8,
    ...(known === undefined ? {} : { known: async () => known }),
    nowMs: () => now++,
    onAlarm: (found) => told.push(found),
    onCycle: (cycle) => cycles.push(cycle),
  });
}

async function cycle(one: Recomputation = job): Promise<readonly string[]> {
  told = [];
  while (!(await one.step()));
  return told.map(({ code, at }) => `${code} ${at}`);
}

/** What only the owner of the tables can do, and what the log is there to show. */
async function asOwner(table: string, statement: string, values: readonly unknown[] = []): Promise<void> {
  await owner.query(`alter table ${table} disable trigger user`);
  await owner.query(statement, values);
  await owner.query(`alter table ${table} enable trigger user`);
}

describe('recomputation', () => {
  it('finds nothing in a log nobody touched, however often it looks and whatever is appended meanwhile', async () => {
    expect(await cycle()).toEqual([]);
    await keepMessages(gateway, 'ctex:new', 5);
    await job.step();
    await sequence(gateway, 3, 0);
    expect(await cycle()).toEqual([]);
    expect(await cycle()).toEqual([]);
    expect(cycles.map(({ size, alarms }) => [size, alarms])).toEqual([
      [37n, 0],
      [37n, 0],
      [40n, 0],
    ]);
    expect(job.alarms()).toEqual({ count: 0, first: [] });
    expect(job.lastCycle()?.workedMs).toBeGreaterThan(0);
  });

  it('looks at no more than a slice in one step, whatever the size of the log', async () => {
    let largest = 0;
    const counting = {
      ...gateway,
      query: async (text: string, values?: readonly unknown[]) => {
        const result = await gateway.query(text, values);
        if (text.includes('from journal_leaf where idx')) largest = Math.max(largest, result.rows.length);
        return result;
      },
    } as Database;
    const steps = openRecomputation({
      database: counting,
      slice: 5,
      nowMs: () => 0,
      onAlarm: () => {},
      onCycle: () => {},
    });
    let count = 1;
    while (!(await steps.step())) count += 1;
    expect(largest).toBe(5);
    expect(count).toBeGreaterThanOrEqual(8);
  });

  it('finds one byte changed in any column of any message within one cycle, and says which', async () => {
    await cycle();
    const edits = {
      id: `id = gen_random_uuid()`,
      kind: `kind = kind || 'x'`,
      issuer: `issuer = 'stex'`,
      stream: `stream = stream || 'x'`,
      seq: 'seq = seq + 1000',
      subject: `subject = subject || 'x'`,
      envelope: 'envelope = set_byte(envelope, 3, get_byte(envelope, 3) # 1)',
      native: `native = coalesce(set_byte(native, 0, get_byte(native, 0) # 1), '\\x00')`,
      proof: `proof = coalesce(proof, '') || ' '`,
      received: 'received = null',
      recorded_at: `recorded_at = recorded_at + interval '1 millisecond'`,
    };
    const { rows } = await owner.query<{ no: bigint }>('select no from message order by no');
    let i = 0;
    for (const edit of Object.values(edits)) {
      const no = rows[(i++ * 7) % rows.length]!.no;
      await asOwner('message', `update message set ${edit} where no = $1`, [no]);
      expect(await cycle()).toEqual([`row-altered message ${no}`]);
    }
    // Every column there is: a new one must find its way into the leaf.
    const { fields } = await owner.query('select * from message limit 0');
    expect(fields.map(({ name }) => name).sort()).toEqual(['no', ...Object.keys(edits)].sort());
    expect(job.alarms().count).toBe(i);
  });

  it('finds a row that was removed, one put in past the log, and one whose leaf was called off', async () => {
    await asOwner('message', 'delete from message where no = (select min(no) from message)');
    expect((await cycle()).map((text) => text.split(' ')[0])).toEqual(['row-missing']);
    await owner.query('alter table message disable trigger message_leaf');
    await keepMessages(owner, 'ctex:secret', 1);
    await owner.query('alter table message enable trigger message_leaf');
    await keepMessages(gateway, 'ctex:suppressed', 1);
    await gateway.query('delete from leaf_waiting');
    await keepMessages(gateway, 'ctex:waiting', 1);
    expect((await cycle()).map((text) => text.split(' ')[0])).toEqual(['leaf-missing', 'leaf-missing']);
  });

  it('finds a leaf, a hash, a node and a root that were altered, and a leaf that is gone', async () => {
    await asOwner(
      'journal_leaf',
      `update journal_leaf set leaf = set_byte(leaf, 20, 255 - get_byte(leaf, 20)) where idx = 9`,
    );
    const first = await cycle();
    expect(first).toContain('leaf-altered leaf 9');
    expect(first.some((text) => text.startsWith('row-altered message'))).toBe(true);
    expect(first).toContain('node-altered node 1/4');
    expect(first).toContain('root-altered size 37');
    await asOwner('journal_leaf', `update journal_leaf set hash = sha256('x') where idx = 20`);
    expect(await cycle()).toEqual(['leaf-altered leaf 20']);
    await asOwner('journal_node', `update journal_node set hash = sha256('x') where level = 3 and idx = 2`);
    expect(await cycle()).toEqual(['node-altered node 3/2']);
    await asOwner('journal_leaf', 'delete from journal_leaf where idx = 36');
    const last = await cycle();
    expect(last[0]).toBe('leaf-missing leaf 36');
    expect(last.some((text) => text.startsWith('leaf-missing message'))).toBe(true);
  });

  it('finds a head that is not that of the leaves, and one that went back', async () => {
    await cycle();
    await asOwner('journal_head', `update journal_head set root = sha256('x')`);
    expect(await cycle()).toEqual(['root-altered size 37']);
    await asOwner('journal_head', 'update journal_head set size = 36');
    expect(await cycle()).toEqual(['history-rewritten size 37', 'root-altered size 36']);
  });

  it('finds a history that was rewritten as a whole, so that everything in it fits', async () => {
    await cycle();
    const before = await headOf(owner);
    await rewrite(12);
    const found = await cycle();
    expect(found).toEqual(['history-rewritten size 37']);
    expect((await headOf(owner)).size).toBe(before.size);
    // A process that starts afterwards has seen nothing else, but knows what was signed.
    const later = open();
    expect(await cycle(later)).toEqual([]);
    expect(await cycle(open([{ size: before.size, root: before.root }]))).toEqual(['history-rewritten size 37']);
  });

  it('finds that a guard is down', async () => {
    await owner.query('alter table message disable trigger message_append_only');
    expect(await cycle()).toEqual(['guard-open message trigger']);
    await owner.query('alter table message enable trigger message_append_only');
    expect(await cycle()).toEqual([]);
    expect(job.alarms().count).toBe(0);
  });

  it('tells each contradiction once, keeps it while it stands, and keeps no more than a hundred', async () => {
    await asOwner('message', `update message set kind = 'x'`);
    expect(await cycle()).toHaveLength(ROWS);
    expect(await cycle()).toEqual([]);
    expect(job.alarms().count).toBe(ROWS);
    await asOwner('message', `update message set kind = 'listing'`);
    expect(await cycle()).toEqual([]);
    expect(job.alarms().count).toBe(0);
    for (let i = 0; i < 250; i++) job.report(alarm('row-missing', `message ${i}`));
    expect(job.alarms().count).toBe(250);
    expect(job.alarms().first).toHaveLength(100);
  });

  it('finds any one bit changed in any row of the journal’s tables', async () => {
    await cycle();
    const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };
    const places = fc.constantFrom(
      ['message', 'envelope', 'no'],
      ['message', 'received', 'no'],
      ['journal_leaf', 'leaf', 'idx'],
      ['journal_leaf', 'hash', 'idx'],
      ['journal_node', 'hash', 'level * 1000 + idx'],
    );
    await fc.assert(
      fc.asyncProperty(places, fc.nat(), fc.nat(), async ([table, column, order], row, bit) => {
        const flip = `update ${table} set ${column} = set_bit(${column}, $2 % (8 * octet_length(${column})), 1 - get_bit(${column}, $2 % (8 * octet_length(${column}))))
          where ctid = (select ctid from ${table} order by ${order} offset $1 % (select count(*) from ${table}) limit 1)`;
        await asOwner(table!, flip, [row, bit]);
        expect((await cycle()).length).toBeGreaterThan(0);
        await asOwner(table!, flip, [row, bit]);
        await cycle();
        expect(job.alarms().count).toBe(0);
      }),
      { numRuns: 15, ...seed },
    );
  }, 180_000);
});

/** What an owner would do who knows how the log is made: change one message and make everything after it anew. */
async function rewrite(index: number): Promise<void> {
  const all = ['message', 'journal_leaf', 'journal_node', 'journal_head'];
  for (const table of all) await owner.query(`alter table ${table} disable trigger user`);
  await owner.query(`update message set envelope = 'forged' where no = (select no from journal_leaf where idx = $1)`, [
    index,
  ]);
  await owner.query('delete from journal_node');
  await owner.query('delete from journal_leaf');
  await owner.query(`update journal_head set size = 0, root = sha256(''), peaks = ''`);
  await owner.query(`insert into leaf_waiting (source, no) select 'message', no from message order by no`);
  while ((await sequence(owner, 50, 0)).leaves > 0);
  for (const table of all) await owner.query(`alter table ${table} enable trigger user`);
  const { rows } = await owner.query<{ leaf: Buffer }>('select leaf from journal_leaf order by idx');
  const tree: Edge = append(
    EMPTY_TREE,
    rows.map(({ leaf }) => leafHash(leaf)),
  ).tree;
  expect(Buffer.compare(rootOf(tree), (await headOf(owner)).root)).toBe(0);
}
