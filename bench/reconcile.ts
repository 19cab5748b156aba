/**
 * From files to classified breaks: three statements and the journal's deals of one day, made once (bench/books.ts), then
 * loaded, compared and classified just as `qiao reconcile` does, on an embedded PostgreSQL on this machine.
 *
 * Measured: seconds by stage, peak memory of this process and of PostgreSQL (what its processes share counted once), and
 * a bare FULL JOIN on the same rows. A figure counts only with every break of the key found and none beside.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reconcileFiles, type Stage } from '../src/cli/reconcile-files.ts';
import { defaultLimits } from '../src/config-limits.ts';
import { openDatabase } from '../src/journal/database.ts';
import { startEmbedded } from '../src/journal/embedded.ts';
import { createScratch } from '../src/journal/scratch.ts';
import { makeBookFiles } from './books.ts';
import { familyOf } from './processes.ts';

export interface ReconcileBench {
  readonly deals: number;
  progress(text: string): void;
}

export interface ReconcileFigures {
  readonly deals: number;
  readonly rows: number;
  readonly seconds: {
    readonly total: number;
    readonly load: number;
    readonly compare: number;
    readonly bareFullJoin: number;
  };
  readonly peakMemoryMiB: { readonly process: number; readonly postgres: number | null; readonly both: number | null };
  readonly breaks: { readonly expected: number; readonly found: number; readonly wrong: number };
}

export async function benchReconcile({ deals, progress }: ReconcileBench): Promise<ReconcileFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-bench-'));
  const embedded = await startEmbedded({ folder: join(folder, 'database') });
  try {
    progress('生成对账单与流水 / making the files');
    const made = await makeBookFiles(deals, folder);
    const scratch = await createScratch(embedded.url);
    const memory = watchMemory(embedded.pid);
    const beginMs = performance.now();
    const began: Partial<Record<Stage, number>> = {};
    const answer = await reconcileFiles(
      made,
      {
        url: scratch.url,
        tolerances: [],
        limits: defaultLimits,
        nowMs: Date.now,
        progress(stage) {
          if (began[stage] !== undefined) return;
          began[stage] = performance.now();
          progress(stage);
        },
      },
      async (reconciled) => {
        if (!reconciled.ok) throw new Error(`a book was refused: ${JSON.stringify(reconciled.refused).slice(0, 500)}`);
        const found: string[] = [];
        for await (const { dealId, code, side } of reconciled.breaks()) found.push(`${dealId} ${code} ${side ?? '-'}`);
        const rows = Object.values(reconciled.summary.tally)
          .flatMap((heaps) => Object.values(heaps))
          .reduce((sum, { rows }) => sum + rows, 0);
        return { found, rows, endMs: performance.now() };
      },
    );
    const peak = memory.stop();
    const key = new Set(made.key);
    const right = answer.found.filter((one) => key.has(one)).length;
    progress('FULL JOIN');
    const bareFullJoin = await bareJoin(scratch.url);
    await scratch.drop();
    const seconds = (from: number, to: number) => Number(((to - from) / 1000).toFixed(2));
    return {
      deals,
      rows: answer.rows,
      seconds: {
        total: seconds(beginMs, answer.endMs),
        load: seconds(beginMs, began.compare!),
        compare: seconds(began.compare!, answer.endMs),
        bareFullJoin,
      },
      peakMemoryMiB: peak,
      breaks: { expected: key.size, found: right, wrong: answer.found.length - right },
    };
  } finally {
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bareJoin(url: string): Promise<number> {
  const database = openDatabase(url, { max: 1, statementTimeoutMs: defaultLimits.clearingTimeoutMs });
  const side = (which: string) => `(select deal_id, price_fen, state from clearing_row where ${which} and ordinal = 1)`;
  try {
    await database.query("set work_mem = '64MB'");
    const beginMs = performance.now();
    await database.query(
      `select count(*) from ${side(`side = 'journal'`)} g full join ${side(`role = 'home'`)} a using (deal_id)
         full join ${side(`role = 'host'`)} b using (deal_id)
        where (a.price_fen = g.price_fen and b.price_fen = g.price_fen and a.state = g.state and b.state = g.state) is not true`,
    );
    return Number(((performance.now() - beginMs) / 1000).toFixed(2));
  } finally {
    await database.close();
  }
}

const SAMPLE_MS = 250;
const MIB = 1_048_576;

/** Looks four times a second. PostgreSQL's memory: proportional set sizes of the server and its children, Linux only. */
function watchMemory(postmaster: number) {
  let [own, server, both] = [0, 0, 0];
  let isKnown = true;
  const look = () => {
    const ownNow = process.memoryUsage.rss();
    own = Math.max(own, ownNow);
    try {
      const serverNow = familyOf(postmaster).reduce((sum, pid) => sum + proportionalSize(pid), 0);
      server = Math.max(server, serverNow);
      both = Math.max(both, ownNow + serverNow);
    } catch {
      isKnown = false;
    }
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  const mib = (bytes: number) => Math.round(bytes / MIB);
  return {
    stop: () => {
      clearInterval(timer);
      return { process: mib(own), postgres: isKnown ? mib(server) : null, both: isKnown ? mib(both) : null };
    },
  };
}

/** 0 for one that has just ended; throws where the system says nothing of the kind. */
function proportionalSize(pid: number): number {
  try {
    const kib = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch (error) {
    if (['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}
