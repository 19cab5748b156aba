import { readSettlementRules, type SettlementRules, settlementRules } from '../clearing/settlement-rules.ts';
import type { Config } from '../config.ts';
import { settingFile } from './setting-file.ts';

/** The settlement rules of QIAO_SETTLEMENT; without it those that come with the program, on sample accounts. */
export function settlementRulesFor({ settlementFile: file }: Pick<Config, 'settlementFile'>): SettlementRules {
  return file === undefined ? settlementRules : settingFile('QIAO_SETTLEMENT', file, readSettlementRules);
}
