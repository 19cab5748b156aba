import { widthOf } from '../../src/cli/width.ts';
import { findingNames } from './audit.ts';
import type { CrashReport } from './crash.ts';

const words = {
  lost: { zh: '丢失', en: 'lost' },
  doubled: { zh: '重复', en: 'doubled' },
  outOfOrder: { zh: '乱序', en: 'out of order' },
  inDoubt: { zh: '存疑', en: 'in doubt' },
  unsigned: { zh: '缺签名的成交', en: 'deals without both signatures' },
  money: { zh: '资金不符', en: 'payments that differ' },
  journal: { zh: '日志不成立', en: 'journal does not hold' },
} as const;

/** Whether anything is found that must not be, or the run did not come to rest. */
export function failed({ findings, quiescentSeconds }: CrashReport): boolean {
  return quiescentSeconds === undefined || findingNames.some((name) => findings[name].length > 0);
}

const MOST_SHOWN = 5;

/** The report for people, Chinese and English in columns of their own. */
export function table(report: CrashReport): string {
  const { findings, faults, recoverySeconds, quiescentSeconds } = report;
  const kinds = Object.entries(faults)
    .sort()
    .map(([kind, count]) => `${kind} ${count}`);
  const rows: (readonly [zh: string, en: string, value: string])[] = [
    ['种子', 'seed', String(report.seed)],
    ...(report.mutant === undefined ? [] : [['变异体', 'mutant', report.mutant] as const]),
    ['历时', 'duration', `${report.seconds} s`],
    ['网关进程', 'gateways', String(report.gateways)],
    ['消息', 'messages', String(report.messages)],
    [
      '投递',
      'deliveries',
      `${report.deliveries}  (拒绝 refused ${findings.refused}, 退回 turned down ${findings.turnedDown.length})`,
    ],
    ['出证成交', 'deals certified', String(report.certifiedDeals)],
    ['崩溃', 'crashes', String(report.crashes)],
    ...kinds.map((text, i) => [i === 0 ? '故障' : '', i === 0 ? 'faults' : '', text] as const),
    ['恢复（kill -9）', 'recovery from kill -9', `${recoverySeconds.up} s up, ${recoverySeconds.settled} s settled`],
    ['最长中断', 'longest outage', `${report.longestOutageSeconds.toFixed(1)} s`],
    ['静止', 'quiescent after', quiescentSeconds === undefined ? '未静止 / not in time' : `${quiescentSeconds} s`],
    ...findingNames.map((name) => [words[name].zh, words[name].en, String(findings[name].length)] as const),
  ];
  const [zh, en] = [0, 1].map((column) => Math.max(...rows.map((row) => widthOf(row[column as 0 | 1]))));
  const pad = (text: string, width: number) => text + ' '.repeat(width - widthOf(text));
  const lines = rows.map((row) => `${pad(row[0], zh!)}  ${pad(row[1], en!)}  ${row[2]}\n`);
  const shown = findingNames.flatMap((name) =>
    findings[name].slice(0, MOST_SHOWN).map((text) => `  ${words[name].zh} ${words[name].en}: ${text}\n`),
  );
  const turned = findings.turnedDown.slice(0, MOST_SHOWN).map((text) => `  退回 turned down: ${text}\n`);
  return `${lines.join('')}${shown.join('')}${turned.join('')}${verdict(report)}`;
}

function verdict(report: CrashReport): string {
  if (report.mutant === undefined) return '';
  return failed(report) ? '变异体被发现 / the defect was found\n' : '变异体未被发现 / the defect was NOT found\n';
}
