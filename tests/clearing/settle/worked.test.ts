import { createHash, randomUUID } from 'node:crypto';
import { absorbRun } from '../../../src/clearing/break-absorb.ts';
import type { BreakAction } from '../../../src/clearing/break-actions.ts';
import { verifyPosted } from '../../../src/clearing/break-verify.ts';
import { holdsOf } from '../../../src/clearing/hold.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { entriesOf } from '../../../src/clearing/net-read.ts';
import { work } from '../../../src/clearing/work.ts';
import type { Order } from '../../../src/clearing/work-order.ts';
import { libraryCalendars } from '../../../src/rules/calendar.ts';
import { DAY, Desk, given } from './desk.ts';

describe('a break that is worked', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());
  beforeEach(async () => {
    await desk.clear();
  });

  /** Two people settle the only break by an action; what the desk then nets. */
  const netAfter = async (action: BreakAction, netted = DAY) => {
    const parts = {
      ...desk.parts(),
      calendar: libraryCalendars.statutory,
      limits: { escalationFen: 100_000_000, twoCheckersFen: 100_000_000, breaksAtOnce: 500 },
      newId: randomUUID,
    };
    await desk.trade({ no: '1', off: 7n });
    const order = await desk.compare();
    await absorbRun(order.run, parts);
    const bytes = Buffer.from('a letter');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await desk.database.query(
      `insert into clearing_attachment (sha256, name, media_type, bytes, brought_by, at) values ($1, 'l', 'text/plain', $2, 'm', now())`,
      [sha256, bytes],
    );
    const act = async (name: string, role: 'maker' | 'checker', make: (proposed: string) => Order) => {
      const { rows } = await desk.database.query<{ id: string; version: number; sha256: string | null }>(
        'select id, version, proposal_sha256 as sha256 from clearing_break',
      );
      const { id, version, sha256 } = rows[0]!;
      const [done] = given(await work(parts, { name, role }, [{ breakId: id, version, order: make(sha256 ?? '') }]));
      given(done!);
    };
    const wish = { action, reason: 'amount-wrong', note: '', evidence: [`attachment:${sha256}`], entries: [] } as const;
    await act('wang', 'maker', () => ({ act: 'take' }));
    await act('wang', 'maker', () => ({ act: 'propose', wish }));
    expect(given(await netCycle(order, desk.parts())).entries).toBe(0n);
    await act('li', 'checker', (proposed) => ({ act: 'approve', sha256: proposed }));
    await act('li', 'checker', () => ({ act: 'post' }));
    await verifyPosted(parts);
    const net = given(await netCycle(netted === DAY ? order : await desk.compare(netted), desk.parts()));
    return {
      entries: (await entriesOf(desk.database, net.id, { limit: 9 })).map(({ subject, fen }) => `${subject} ${fen}`),
      holds: (await holdsOf(desk.database, net.id, { limit: 9 })).map(({ dealId, reason }) => `${dealId} ${reason}`),
    };
  };

  it('lets its deal into the net once two people have settled it by what the journal says', async () => {
    expect(await netAfter('by-gateway')).toEqual({ entries: ['ctex:1 50000'], holds: [] });
  });

  it('lets it into the net of the day on which that was done, when its own day is long netted', async () => {
    expect(await netAfter('by-gateway', '2026-03-05')).toEqual({ entries: ['ctex:1 50000'], holds: [] });
  });

  it('goes on holding it where they decided against the journal: what is owed follows the messages of the exchanges only', async () => {
    expect(await netAfter('by-host')).toEqual({ entries: [], holds: ['ctex:1 ADJUSTED'] });
  });
});
