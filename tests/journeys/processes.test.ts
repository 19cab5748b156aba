import { defaultLimits } from '../../src/config-limits.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { Gateway } from '../../src/gateway.ts';
import { isRunning, until } from '../support/processes.ts';
import { type Market, openMarket } from './market.ts';

let market: Market;
afterEach(() => market?.close());

const linkOf = async (gateway: Gateway) => {
  const { rows } = await gateway.database.query<{ exchange: string; holder: string }>('select * from link_owner');
  return new Map(rows.map(({ exchange, holder }) => [exchange, holder]));
};

describe('two gateways on one database', () => {
  it('share the work: one holds each single line, what the other takes in is handed over, and all is done once', async () => {
    market = await openMarket();
    // So slow a sweep that only a wake-up can have told the holder.
    const slow = { pollIntervalMs: 3_600_000 };
    const one = await market.open(slow);
    await until(async () => (await linkOf(one)).size === 2);
    const other = await market.open(slow);
    try {
      const holders = await linkOf(one);
      expect(new Set(holders.values()).size).toBe(1);
      // ctex pushes to the one that holds nothing.
      market.aim(other.url);
      market.publish(15);
      await market.settle();
      expect(await linkOf(one)).toEqual(holders);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
    await market.proveWhole();
    expect(market.errors).toEqual([]);
  });

  it('the holder stops in the middle of a flood: the other goes on at once, without a gap', async () => {
    market = await openMarket();
    let holder = await market.open();
    await until(async () => (await linkOf(holder)).size === 2);
    let other = await market.open();
    try {
      for (let change = 0; change < 3; change++) {
        const before = await market.holderOf('szse');
        market.aim(other.url);
        market.publish(10);
        await until(() => market.shown().shown > (market.shown().wanted * 2) / 3, 240_000);
        await holder.stop();
        await until(async () => (await market.holderOf('szse')).token > before.token, 240_000);
        [holder, other] = [other, await market.open()];
      }
      await market.settle();
    } finally {
      await Promise.all([holder.stop(), other.stop()]);
    }
    await market.proveWhole();
  }, 240_000);
});

describe('two gateway processes on one database', () => {
  it('kill -9 of whoever holds the session: the other takes over, and every message has its one effect', async () => {
    expect(defaultLimits.termMs + 2 * defaultLimits.beatMs).toBeLessThan(10_000);
    market = await openMarket();
    let gateways = await Promise.all([market.start(), market.start()]);
    const took: number[] = [];
    for (let kill = 0; kill < 2; kill++) {
      await until(async () => !(await market.holderOf('szse')).over, 240_000);
      const { pid, token } = await market.holderOf('szse');
      const holder = gateways.find(({ child }) => child.pid === pid)!;
      const other = gateways.find(({ child }) => child.pid !== pid)!;
      market.aim(other.url);
      market.publish(15);
      await until(() => market.shown().shown > market.shown().wanted / 2, 240_000);
      const killedAt = performance.now();
      await holder.child.kill('SIGKILL');
      expect(isRunning(pid)).toBe(false);
      await until(async () => (await market.holderOf('szse')).token > token, 240_000);
      took.push(Math.round(performance.now() - killedAt));
      expect((await market.holderOf('szse')).pid).toBe(other.child.pid);
      await market.settle();
      if (kill === 0) gateways = [other, await market.start()];
    }
    await market.proveWhole();
    process.stdout.write(`takeover after kill -9: ${took.join(', ')} ms\n`);
  }, 400_000);

  it('a holder that was frozen finds its session gone and does no harm', async () => {
    market = await openMarket();
    const [frozen, other] = await Promise.all([market.start(), market.start()]);
    await until(async () => !(await market.holderOf('szse')).over, 240_000);
    const { pid, token } = await market.holderOf('szse');
    const [holder, next] = frozen.child.pid === pid ? [frozen, other] : [other, frozen];
    market.aim(next.url);
    market.publish(10);
    await until(() => market.shown().shown > market.shown().wanted / 3, 240_000);
    process.kill(pid, 'SIGSTOP');
    await until(async () => (await market.holderOf('szse')).token > token, 240_000);
    market.publish(5);
    process.kill(pid, 'SIGCONT');
    await market.settle();
    expect((await market.holderOf('szse')).pid).toBe(next.child.pid);
    await market.proveWhole();
    expect(await holder.child.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 400_000);
});

describe.each(exchanges)('%s, cut off from the gateway', (away) => {
  it('delays its own traffic only; when the line is back all that waited goes out, and no message was given up', async () => {
    market = await openMarket();
    const gateway = await market.open({ breakerBaseMs: 20, breakerCapMs: 100, retryAttempts: 6 });
    market.aim(gateway.url);
    try {
      market.publish(3);
      await market.settle();
      market.cut(away, true);
      // What its own people say waits with it: only ctex's goes another way.
      market.publish(12);
      const at = (exchange: Exchange) => [...market.mocks[exchange].book.received.values()];
      const others = exchanges.filter((exchange) => exchange !== away);
      // 3 that were there from the one cut off, and 15 from the other.
      await until(() => others.every((to) => at(to).length >= 18), 240_000);
      expect(at(away)).toHaveLength(6);
      // Long enough that each would have used up its attempts, were they counted.
      await until(async () => {
        await gateway.sweep();
        const { rows } = await market.database.query<{ n: number }>(
          'select count(*)::int as n from delivery where open and exchange = $1',
          [away],
        );
        return rows[0]!.n === 24;
      });
      for (let tries = 0; tries < 20; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        await gateway.sweep();
      }
      const { rows } = await market.database.query<{ state: string; most: number }>(
        `select state, max(attempts) as most from delivery where open group by state`,
      );
      expect(rows.map(({ state }) => state)).not.toContain('dead');
      expect(Math.max(...rows.map(({ most }) => most))).toBeLessThan(6);
      market.cut(away, false);
      await market.settle();
    } finally {
      await gateway.stop();
    }
    await market.proveWhole();
  }, 240_000);
});
