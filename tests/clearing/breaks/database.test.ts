import { createHash, randomUUID } from 'node:crypto';
import { breakStates, lifeCycle } from '../../../src/clearing/break-states.ts';
import { openDatabase, transaction } from '../../../src/journal/database.ts';
import { Desk, person, type Told } from './desk.ts';

const wang = person('wang', 'maker');
const li = person('li', 'checker');
const UPDATE = 'update clearing_break set';

describe('the database itself', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());

  const refuses = async (text: string, values: readonly unknown[] = []) =>
    transaction(desk.database, async (connection) => {
      await connection.query(text, values);
    }).then(
      () => 'done',
      (error: Error) => error.message,
    );
  const proposed = async (told: Told, action: 'write-off' | 'by-gateway' = 'by-gateway') => {
    await desk.compare([told], `2026-04-${String(++day).padStart(2, '0')}`);
    await desk.propose(wang, told, action);
    return desk.break(told);
  };
  let day = 0;

  it('refuses every act that is not in the life cycle, whoever writes it', async () => {
    const told: Told = { deal: 'D1', code: 'AMT+' };
    await desk.compare([told]);
    const { id } = await desk.break(told);
    const states = ['none', ...Object.keys(breakStates)];
    const roles = ['engine', 'maker', 'checker', 'supervisor', 'integrator', 'auditor', 'exchange-viewer'];
    // As the owner of the tables, who alone can put the other guards aside: only the life cycle itself is to refuse.
    const owner = openDatabase(desk.database.url, { max: 1 });
    const tried = await transaction(owner, async (connection) => {
      await connection.query('alter table clearing_act disable trigger clearing_act_follows');
      await connection.query(`create function attempt(id text, act text, f text, t text, role text) returns boolean language plpgsql as $$
        begin
          insert into clearing_act (break_id, version, act, from_state, to_state, role, actor, deed, at)
            values (id, 900, act, f, t, role, 'x', gen_random_uuid(), now());
          raise exception 'taken';
        exception
          when foreign_key_violation then return false;
          when raise_exception then return true;
        end $$`);
      const { rows } = await connection.query<{ way: string; taken: boolean }>(
        `select concat_ws(' ', act, f, t, role) as way, attempt($1, act, f, t, role) as taken
           from unnest($2::text[]) act, unnest($3::text[]) f, unnest($3::text[]) t, unnest($4::text[]) role`,
        [id, Object.keys(lifeCycle), states, roles],
      );
      await connection.query('drop function attempt; alter table clearing_act enable trigger clearing_act_follows');
      return rows;
    });
    await owner.close();
    const allowed = await desk.database.query<{ way: string }>(
      `select concat_ws(' ', act, from_state, to_state, role) as way from clearing_transition`,
    );
    expect(tried).toHaveLength(Object.keys(lifeCycle).length * states.length ** 2 * roles.length);
    expect(
      tried
        .filter(({ taken }) => taken)
        .map(({ way }) => way)
        .sort(),
    ).toEqual(allowed.rows.map(({ way }) => way).sort());
  });

  it('moves no break without an act that leads there, and no act without the break', async () => {
    const told: Told = { deal: 'D2', code: 'AMT+' };
    await desk.compare([told], '2026-03-03');
    const { id, version } = await desk.break(told);
    expect(await refuses(`${UPDATE} state = 'working', version = version + 1 where id = $1`, [id])).toMatch(
      /nobody's act/,
    );
    expect(await refuses(`${UPDATE} assignee = 'x' where id = $1`, [id])).toMatch(/does not follow/);
    const take = (number: number) =>
      refuses(
        `insert into clearing_act (break_id, version, act, from_state, to_state, role, actor, deed, at)
         values ($1, $2, 'take', 'open', 'working', 'maker', 'x', $3, now())`,
        [id, number, randomUUID()],
      );
    expect(await take(version + 1)).toMatch(/did not reach it/);
    expect(await take(version + 2)).toMatch(/does not follow/);
    expect(await take(version)).toMatch(/unique/);
    expect(await refuses('delete from clearing_break where id = $1', [id])).toMatch(/permission denied/);
    expect(await refuses('delete from clearing_act where break_id = $1', [id])).toMatch(/permission denied/);
  });

  it('keeps what a break is, since when it is, and lets it become no less urgent', async () => {
    const told: Told = { deal: 'D3', code: 'AMT+', deltaFen: 2_000_000n };
    await desk.compare([told], '2026-03-04');
    const { id } = await desk.break(told);
    const change = (set: string) =>
      transaction(desk.database, async (connection) => {
        await connection.query(
          `insert into clearing_act (break_id, version, act, from_state, to_state, role, actor, deed, at)
           values ($1, 3, 'update', 'open', 'open', 'engine', 'qiao', $2, now())`,
          [id, randomUUID()],
        );
        await connection.query(`${UPDATE} version = 3, ${set} where id = $1`, [id]);
      }).then(
        () => 'done',
        (error: Error) => error.message,
      );
    expect(await change(`first_seen = '2026-03-05'`)).toMatch(/does not change/);
    expect(await change(`deal_id = 'ctex:other'`)).toMatch(/does not change/);
    expect(await change(`severity = 'S3'`)).toMatch(/no less urgent/);
    expect(await change(`due = due + 1`)).toMatch(/no less urgent/);
    expect(await change(`severity = 'S1'`)).toBe('done');
  });

  it('takes no approval of the maker, none of other bytes, none twice', async () => {
    const told: Told = { deal: 'D4', code: 'AMT+' };
    const { proposal, proposalSha256 } = await proposed(told);
    const approve = (checker: string, maker = 'wang', sha256 = proposalSha256) =>
      refuses(
        `insert into clearing_approval (proposal, sha256, maker, checker, place, at) values ($1, $2, $3, $4, 1, now())`,
        [proposal, sha256, maker, checker],
      );
    expect(await approve('wang')).toMatch(/clearing_four_eyes/);
    // Calling somebody else the maker does not help.
    expect(await approve('wang', 'li')).toMatch(/foreign key/);
    expect(await approve('li', 'wang', createHash('sha256').update('other').digest('hex'))).toMatch(/foreign key/);
    expect(await approve('li')).toBe('done');
    expect(await approve('li')).toMatch(/unique|duplicate/);
  });

  it('lets nobody be maker and checker of a break, and no break be approved that nobody approved', async () => {
    const told: Told = { deal: 'D5', code: 'AMT+' };
    const { id, version, proposal } = await proposed(told, 'write-off');
    const approved = (checkers: readonly string[], checker: string) =>
      transaction(desk.database, async (connection) => {
        for (const [at, name] of checkers.entries()) {
          await connection.query(
            `insert into clearing_approval select no, sha256, maker, $2, $3, now() from clearing_proposal where no = $1`,
            [proposal, name, at + 1],
          );
        }
        await connection.query(
          `insert into clearing_act (break_id, version, act, from_state, to_state, role, actor, deed, at)
           values ($1, $2, 'approve', 'proposed', 'approved', 'checker', 'li', $3, now())`,
          [id, version + 1, randomUUID()],
        );
        await connection.query(`${UPDATE} state = 'approved', version = version + 1, checker = $2 where id = $1`, [
          id,
          checker,
        ]);
      }).then(
        () => 'done',
        (error: Error) => error.message,
      );
    expect(await approved(['li', 'zhao'], 'wang')).toMatch(/clearing_break_check/);
    expect(await approved([], 'li')).toMatch(/2 approvals|foreign key/);
    expect(await approved(['li'], 'li')).toMatch(/2 approvals/);
    expect(await approved(['li', 'li'], 'li')).toMatch(/unique|duplicate/);
    expect(await approved(['li', 'zhao'], 'zhao')).toBe('done');
  });

  it('keeps a proposal only with its own digest, evidence, reason and enough checkers', async () => {
    const told: Told = { deal: 'D6', code: 'AMT+' };
    const { id } = await proposed(told);
    const bytes = Buffer.from('{}');
    const propose = (change: Record<string, unknown>) => {
      const row = {
        action: 'by-gateway',
        reason: 'other',
        evidence: ['message:1'],
        amount_fen: 5,
        threshold_fen: 10,
        needed: 1,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        ...change,
      };
      return refuses(
        `insert into clearing_proposal (break_id, version, bytes, maker, at, ${Object.keys(row).join()})
         values ($1, 1, $2, 'wang', now(), ${Object.keys(row)
           .map((_, at) => `$${at + 3}`)
           .join()})`,
        [id, bytes, ...Object.values(row)],
      );
    };
    expect(await propose({ sha256: '0'.repeat(64) })).toMatch(/check constraint/);
    expect(await propose({ evidence: [] })).toMatch(/check constraint/);
    expect(await propose({ reason: '' })).toMatch(/check constraint/);
    expect(await propose({ action: 'write-off' })).toMatch(/check constraint/);
    expect(await propose({ amount_fen: 10 })).toMatch(/check constraint/);
    expect(await propose({})).toBe('done');
  });

  it('books nothing that is not approved, does not balance, or stands beside something that stands', async () => {
    const told: Told = { deal: 'D7', code: 'AMT+' };
    const { id, proposal } = await proposed(told);
    const book = (accounts: string, fen: string, reverses: bigint | null = null) =>
      refuses(
        `insert into clearing_adjustment (break_id, proposal, reverses, accounts, amounts_fen, posted_by, at)
         values ($1, $2, $3, $4, $5, 'x', now())`,
        [id, proposal, reverses, accounts, fen],
      );
    expect(await book('{book/ctex,difference/ctex}', '{1,-1}')).toMatch(/not approved/);
    await desk.approve(li, told);
    expect(await book('{book/ctex,difference/ctex}', '{1,-2}')).toMatch(/check constraint/);
    expect(await book('{book/ctex,difference/ctex}', '{0,0}')).toMatch(/check constraint/);
    expect(await book('{book/ctex}', '{1,-1}')).toMatch(/check constraint/);
    await desk.act(wang, told, { act: 'post' });
    expect(await book('{book/ctex,difference/ctex}', '{1,-1}')).toMatch(/unique|duplicate|reversed before/);
    const { rows } = await desk.database.query<{ no: bigint }>(
      'select no from clearing_adjustment where break_id = $1',
      [id],
    );
    expect(await book('{book/ctex,difference/ctex}', '{1,-1}', rows[0]!.no)).toMatch(/line by line/);
    expect(await refuses('update clearing_adjustment set posted_by = $1', ['x'])).toMatch(/permission denied/);
  });

  it('books nothing by an approval that was withdrawn since, and takes none for what does not wait for it', async () => {
    const told: Told = { deal: 'D9', code: 'AMT+', deltaFen: 5n };
    const { id, proposal } = await proposed(told);
    await desk.approve(li, told);
    const approve = `insert into clearing_approval select no, sha256, maker, 'zhao', 2, now() from clearing_proposal where no = $1`;
    expect(await refuses(approve, [proposal])).toMatch(/does not wait/);
    await desk.act(li, told, { act: 'return', note: '重新核对' });
    const book = `insert into clearing_adjustment (break_id, proposal, accounts, amounts_fen, posted_by, at)
                  values ($1, $2, '{book/ctex,difference/ctex}', '{-5,5}', 'x', now())`;
    expect(await refuses(book, [id, proposal])).toMatch(/not approved/);
  });

  it('closes nothing that does not come to zero', async () => {
    const told: Told = { deal: 'D8', code: 'AMT+', deltaFen: 9n };
    await desk.compare([told], '2026-03-06');
    const { id, version } = await desk.break(told);
    const close = (set: string) =>
      transaction(desk.database, async (connection) => {
        await connection.query(
          `insert into clearing_act (break_id, version, act, from_state, to_state, role, actor, deed, at)
           values ($1, $2, 'clear', 'open', 'closed', 'engine', 'qiao', $3, now())`,
          [id, version + 1, randomUUID()],
        );
        await connection.query(
          `${UPDATE} state = 'closed', closed_as = 'cleared', version = version + 1 ${set} where id = $1`,
          [id],
        );
      }).then(
        () => 'done',
        (error: Error) => error.message,
      );
    expect(await close('')).toMatch(/check constraint/);
    expect(await close(', is_found = false')).toMatch(/does not come to zero/);
    expect(await close(', is_found = false, home_gap_fen = 0')).toBe('done');
  });
});
