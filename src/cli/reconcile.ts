import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { type Command, InvalidArgumentError } from 'commander';
import { codes } from '../clearing/codes.ts';
import { csvHead, csvLine } from '../clearing/csv-write.ts';
import type { KeptFound } from '../clearing/match-found.ts';
import type { RunSummary } from '../clearing/reconcile.ts';
import type { Config } from '../config.ts';
import { type Exchange, exchanges, isExchange } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { booksProblem } from '../http/problem-books.ts';
import { runningEmbedded, startEmbedded } from '../journal/embedded.ts';
import { createScratch } from '../journal/scratch.ts';
import { type AddCommand, dateArgument } from './command.ts';
import { configFor } from './config.ts';
import { writeJson } from './output.ts';
import type { Stage } from './reconcile-files.ts';
import { EXIT, Surroundings } from './terminal.ts';
import { tolerancesFor } from './tolerances.ts';

interface Options {
  readonly date: string;
  readonly journal: string;
  readonly statement: Partial<Record<Exchange, string>>;
  readonly out: string;
  readonly csv?: string;
}

/** `qiao reconcile`: three books and the journal's deals of one day → what differs, line by line. */
export const addReconcile: AddCommand = (program, { terminal, end }) => {
  const command: Command = program
    .command('reconcile')
    .description('三方对账：从文件到差错 / three-way reconciliation, from files to breaks')
    .requiredOption('--date <date>', '业务日期 / business day', dateArgument)
    .requiredOption('--journal <file>', '网关的成交，每行一个 JSON / unified deals, JSON lines')
    .requiredOption(
      '--statement <exchange=file>',
      '对账单原文，三家各一次 / the native statement, once for each exchange',
      statementArgument,
    )
    .requiredOption('--out <file>', '差错写入的文件，每行一个 JSON / where the breaks go, JSON lines')
    .option('--csv <file>', '另写一份表格文件 / the same for a spreadsheet')
    .action(async ({ date, journal, statement, out, csv }: Options) => {
      const missing = exchanges.filter((exchange) => statement[exchange] === undefined);
      if (missing.length > 0) {
        command.error(`error: 缺少对账单 / no statement of: ${missing.join(', ')}`, { exitCode: EXIT.usage });
      }
      const { reconcileFiles } = await import('./reconcile-files.ts');
      const config = configFor(terminal.env);
      const tolerances = tolerancesFor(config);
      const files = { date, journal, statements: statement as Record<Exchange, string> };
      await onScratch(config, async (url) => {
        const parts = { url, tolerances, limits: config.limits, nowMs: terminal.nowMs, progress: bar(terminal.stderr) };
        await reconcileFiles(files, parts, async (reconciled) => {
          if (!reconciled.ok) {
            await writeJson(terminal.stderr, booksProblem(reconciled.refused));
            return end(EXIT.refused);
          }
          await writeLines(out, reconciled.breaks(), '', (one) => `${JSON.stringify(lineOf(one))}\n`);
          if (csv !== undefined) await writeLines(csv, reconciled.breaks(), csvHead(SHEET), sheetLine);
          await writeJson(terminal.stdout, summaryOf(reconciled.summary));
          end(EXIT.done);
        });
      });
    });
};

/** Files are compared in a database of their own, so that nothing of them gets into the gateway's. */
async function onScratch(config: Config, work: (url: string) => Promise<void>): Promise<void> {
  const folder = join(config.dataFolder, 'database');
  const url = config.databaseUrl ?? runningEmbedded({ folder });
  const embedded = url === undefined ? await startEmbedded({ folder }) : undefined;
  try {
    const scratch = await createScratch(url ?? embedded!.url).catch((error: NodeJS.ErrnoException) => {
      throw new Surroundings(
        `无法建立临时数据库（${error.code ?? error.message}），请检查 DATABASE_URL 及 CREATEDB 权限`,
        `cannot make a database for the work (${error.code ?? error.message}): check DATABASE_URL, which needs CREATEDB`,
        error,
      );
    });
    try {
      await work(scratch.url);
    } finally {
      await scratch.drop();
    }
  } finally {
    await embedded?.stop();
  }
}

async function writeLines(
  path: string,
  breaks: AsyncIterable<KeptFound>,
  head: string,
  write: (one: KeptFound) => string,
): Promise<void> {
  const file = await open(path, 'w').catch((error: NodeJS.ErrnoException) => {
    const why = error.code ?? error.message;
    throw new Surroundings(`无法写入 ${path}（${why}）`, `cannot write ${path} (${why})`, error);
  });
  try {
    let text = head;
    for await (const one of breaks) {
      text += write(one);
      if (text.length < 65_536) continue;
      await file.write(text);
      text = '';
    }
    await file.write(text);
  } finally {
    await file.close();
  }
}

const SHEET = [
  ...['差错号 breakId', '代码 code', '差错 what', 'what', '级别 severity', '成交 dealId', '交易所 exchange'],
  ...['差额 delta', '金额 value', '业务日期 date', '挂牌所 home', '转发所 host', '归责建议 blame'],
];

function sheetLine(one: KeptFound): string {
  const { breakId, code, zh, en, severity, dealId, exchange, delta, value, businessDate, home, host, blame } =
    lineOf(one);
  return csvLine([breakId, code, zh, en, severity, dealId, exchange, delta, value, businessDate, home, host, blame]);
}

function lineOf(one: KeptFound) {
  const { breakId, code, dealId, side, deltaFen, severity, fields, blame, seen, suggestions } = one;
  const { zh, en } = codes[code];
  return {
    breakId,
    code,
    dealId,
    exchange: side,
    delta: deltaFen === null ? null : formatFen(deltaFen, 'yuan'),
    severity,
    fields,
    codes: one.codes,
    home: one.home,
    host: one.host,
    businessDate: one.businessDate,
    value: formatFen(one.valueFen, 'yuan'),
    zh,
    en,
    blame,
    seen,
    suggestions,
  };
}

function summaryOf({ cycle, version, tally, equal, breaks, tolerated, rulesSha256, resultSha256 }: RunSummary) {
  const rows = Object.fromEntries(
    Object.entries(tally).map(([side, heaps]) => [
      side,
      Object.fromEntries(
        Object.entries(heaps).map(([fate, { rows, priceFen }]) => [
          fate,
          { rows, price: formatFen(BigInt(priceFen), 'yuan') },
        ]),
      ),
    ]),
  );
  const total = Object.values(breaks).reduce((sum, count) => sum + count, 0);
  const dealsEqual = equal.reduce((sum, { deals }) => sum + deals, 0);
  const letPass = tolerated.map(({ side, deals, deltaFen, grossFen }) => ({
    exchange: side,
    deals,
    delta: formatFen(BigInt(deltaFen), 'yuan'),
    gross: formatFen(BigInt(grossFen), 'yuan'),
  }));
  return {
    ...{ date: cycle, version, dealsEqual, breaks: total, byCode: breaks, tolerated: letPass, rows },
    ...{ rulesSha256, resultSha256 },
  };
}

const STAGES: Readonly<Record<Stage, string>> = {
  load: '读入对账单与流水 / loading',
  compare: '比对 / comparing',
};

/** One line that is drawn over; nothing where nobody watches. */
function bar(stderr: Writable & { readonly isTTY?: boolean }): (stage: Stage, done: number, of: number) => void {
  let drawn = '';
  return (stage, done, of) => {
    if (stderr.isTTY !== true) return;
    const tenths = of === 0 ? 10 : Math.floor((done * 10) / of);
    const line = `\r${'█'.repeat(tenths)}${'░'.repeat(10 - tenths)} ${STAGES[stage]}\u001b[K`;
    if (line === drawn) return;
    drawn = line;
    stderr.write(stage === 'compare' && done === of ? `${line}\n` : line);
  };
}

function statementArgument(text: string, before: Options['statement'] | undefined): Options['statement'] {
  const at = text.indexOf('=');
  const [exchange, file] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 0 || file === '' || !isExchange(exchange)) {
    throw new InvalidArgumentError(`须为 <交易所>=<文件> / must be <exchange>=<file>: ${exchanges.join(', ')}`);
  }
  if (before?.[exchange] !== undefined) throw new InvalidArgumentError(`${exchange} 给出了两次 / is given twice`);
  return { ...before, [exchange]: file };
}
