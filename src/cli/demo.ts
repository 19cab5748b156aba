import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import picocolors from 'picocolors';
import { exchangeNames, exchanges } from '../contract/exchange.ts';
import { removeEmbedded, startEmbedded } from '../journal/embedded.ts';
import type { AddCommand } from './command.ts';
import { configFor } from './config.ts';
import { playListings, playTrades } from './demo-acts.ts';
import { closeDay } from './demo-close.ts';
import { proveDeal } from './demo-evidence.ts';
import { type Act, proveJournal, showMessages } from './demo-report.ts';
import { clockFrom, type Federation, openFederation } from './federation.ts';
import { openLog } from './log.ts';
import { write } from './output.ts';
import { EXIT } from './terminal.ts';

const MORNING = Date.parse('2026-03-02T09:30:00+08:00');
const LEAPS_MS = 30 * 86_400_000;
const PATIENCE_MS = 60_000;

/** `qiao demo`: the main job on real native messages of all three exchanges, every line read back from the journal. */
export const addDemo: AddCommand = (program, { terminal, end }) => {
  program
    .command('demo')
    .description('演示：三家模拟交易所，从挂牌到成交 / the main job, with three mock exchanges')
    .option('--keep', '结束后不退出 / stay up afterwards')
    .action(async ({ keep }: { keep?: true }) => {
      const began = performance.now();
      const config = configFor(terminal.env);
      const say = (text: string) => write(terminal.stdout, `${text}\n`);
      const title = (text: string) => say(`\n${picocolors.bold(text)}`);
      const stopped = keep === true ? terminal.stopped() : undefined;
      const folder = join(config.dataFolder, 'demo');
      await removeEmbedded({ folder });
      mkdirSync(config.dataFolder, { recursive: true, mode: 0o711 });
      await say(
        '桥 Qiao：三大技术交易所之间的联邦网关 / the federation gateway between the three technology exchanges',
      );
      await say(
        "三家交易所均为模拟（依本项目自拟的接口概要）/ all three are mocks, written from this project's stand-in profiles",
      );
      const embedded = await startEmbedded({ folder });
      // For this run alone, said at the end.
      const operatorToken = randomBytes(24).toString('base64url');
      let federation: Federation | undefined;
      try {
        federation = await openFederation({
          databaseUrl: embedded.url,
          keysFolder: config.keysFolder,
          clock: clockFrom(MORNING),
          operatorToken,
          port: keep === true ? config.port : 0,
          // Its clock leaps over weeks and hours, in which no witness can have spoken; the machine may be a slow one,
          // and somebody is watching.
          limits: { quorumSilenceMs: LEAPS_MS, witnessTimeoutMs: PATIENCE_MS, outboxPollMs: 20 },
          log: openLog(terminal.env.LOG_LEVEL ?? 'error'),
        });
        const act: Act = { federation, operatorToken, say, title };
        await title('一、交易所 / the exchanges');
        for (const exchange of exchanges)
          await say(`  ${exchange}  ${exchangeNames[exchange].zh} / ${exchangeNames[exchange].en}`);
        await title(
          '二、挂牌：各所原始报文 → 规则判定 → 签名 → 另两所 / listings: native messages, decided, signed, relayed',
        );
        await playListings(act);
        await title('三、从意向到鉴证 / from interest to certificate');
        await playTrades(act);
        await title('四、流转明细（每行出自流水）/ what was relayed, every line from the journal');
        await showMessages(act);
        await title('五、证明 / proof');
        const proved = await proveJournal(act);
        await title(
          '六、证据包：离线验证，只凭信任锚 / evidence: one file, verified offline by the trust anchor alone',
        );
        const evident = await proveDeal(act, config.dataFolder);
        await title(
          '七、日终：对账、差错、轧差、三方签署、交收 / the close of day: books, a break, net, three signatures, settlement',
        );
        const closed = await closeDay(act);
        await title('接下来 / where to look next');
        await say(`  用时 took ${((performance.now() - began) / 1000).toFixed(1)} s`);
        if (stopped === undefined) {
          await say('  npm run demo -- --keep   保留运行，可打开网页与接口 / stays up: pages and API to look at');
          await say('  npx qiao --help          全部命令 / all commands');
          await say('  README.md · docs/ARCHITECTURE.md');
        } else {
          await say(`  ${federation.gateway.url}/            首页 / landing page`);
          await say(`  ${federation.gateway.url}/docs        接口文档 / API`);
          await say(`  curl -H 'Authorization: Bearer ${operatorToken}' ${federation.gateway.url}/v1/listings`);
          await say('  Ctrl+C 结束 / to stop');
          await stopped;
        }
        end(closed && proved && evident ? EXIT.done : EXIT.failed);
      } finally {
        await federation?.stop();
        await embedded.stop();
      }
    });
};
