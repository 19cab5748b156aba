import type { Adapter } from './contract/adapter.ts';
import type { Exchange } from './contract/exchange.ts';
import { type Database, transaction } from './journal/database.ts';
import { rulebookCount, rulebookRows } from './journal/rulebooks.ts';
import type { RuleDesk } from './relay/rule-desk.ts';
import { adoptRulebook, type Histories, openRuleDesk, readHistories } from './relay/rulebooks.ts';
import type { Calendars } from './rules/calendar.ts';
import { type Rulebook, readRulebook } from './rules/rulebook.ts';
import { StartFailure } from './start-failure.ts';

/**
 * The rulebooks that come with the adapters. One that says something else under a version adopted before stops the
 * start; one older than the last adopted does not: the operator has adopted a newer one since.
 */
export async function adoptShipped(
  database: Database,
  adapters: readonly Adapter[],
  parts: Parameters<typeof adoptRulebook>[3],
  at: Date,
): Promise<void> {
  for (const { exchange, rulebooks } of adapters) {
    for (const rulebook of rulebooks) {
      const read = readRulebook(rulebook);
      const adopted = read.ok
        ? await transaction(database, (connection) => adoptRulebook(connection, rulebook, at, parts))
        : read;
      const [first] = adopted.ok ? [] : adopted.refusals;
      if (first === undefined) continue;
      const name = `adapters/${exchange}/rulebook.json`;
      if (!read.ok || first.code !== 'version-conflict') {
        throw new StartFailure(`${name} ${first.pointer}：${first.zh}`, `${name} ${first.pointer}: ${first.en}`);
      }
      const { version } = read.value;
      const known = await rulebookRows(database);
      if (known.some((row) => row.exchange === exchange && row.version === version)) {
        throw new StartFailure(
          `${name}：内容与已采用的第 ${version} 版不同，请提高版本号（version）后再启动`,
          `${name}: it differs from version ${version} as it was adopted: raise its version, then start again`,
        );
      }
    }
  }
}

/** The rulebooks adopted so far, and the desk that answers from them. */
export interface Rules {
  desk(): RuleDesk;
  history(exchange: Exchange): readonly Rulebook[];
  /** Reads them again when one was adopted since; `changed` runs then, and again next time if it fails. */
  refresh(changed: () => Promise<unknown>): Promise<void>;
}

export async function openRules(
  database: Database,
  exchanges: readonly Exchange[],
  calendars: Calendars,
): Promise<Rules> {
  let histories: Histories = await readHistories(database, exchanges);
  let desk = openRuleDesk(histories, calendars);
  let known = await rulebookCount(database);
  return {
    desk: () => desk,
    history: (exchange) => histories.get(exchange) ?? [],
    refresh: async (changed) => {
      const count = await rulebookCount(database);
      if (count === known) return;
      histories = await readHistories(database, exchanges);
      desk = openRuleDesk(histories, calendars);
      await changed();
      known = count;
    },
  };
}
