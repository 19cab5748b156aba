import { readFileSync } from 'node:fs';
import { readSettlementRules, type SettlementRules, settlementRules } from '../clearing/settlement-rules.ts';
import type { Config } from '../config.ts';
import { Surroundings } from './terminal.ts';

/** The settlement rules of QIAO_SETTLEMENT; without it those that come with the program, on sample accounts. */
export function settlementRulesFor({ settlementFile: file }: Pick<Config, 'settlementFile'>): SettlementRules {
  if (file === undefined) return settlementRules;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Surroundings(
      `QIAO_SETTLEMENT 所指文件无法读取：${file}`,
      `QIAO_SETTLEMENT names a file that cannot be read: ${file}`,
      error,
    );
  }
  const read = readSettlementRules(bytes);
  if (read.ok) return read.value;
  const shown = read.refusals.slice(0, 5);
  throw new Surroundings(
    `QIAO_SETTLEMENT 所指文件不合规定（${file}）：${shown.map(({ pointer, zh }) => `${pointer} ${zh}`).join('；')}`,
    `the file that QIAO_SETTLEMENT names is not in order (${file}): ${shown.map(({ pointer, en }) => `${pointer} ${en}`).join('; ')}`,
  );
}
