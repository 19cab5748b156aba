import { type Rule, ruleOf } from './clause.ts';
import { issueOf } from './issue.ts';
import { type Findings, type Matter, ruleAt, term, valuesOf } from './matter.ts';
import { periodEnd } from './period.ts';

/** Export control (技术进出口管理条例): prohibited technology is refused, restricted technology waits for a licence. */
export function checkExport(matter: Matter, findings: Findings): void {
  const rule = ruleOf(matter.statute.rules, 'export', matter.facts, matter.date);
  if (rule === undefined) return;
  const control = matter.listing.export;
  findings.terms.export = term(control, 'statute', rule.clause);
  if (control === 'none') return;
  findings.consulted.push(rule.clause);
  const effect = rule.clause.value[control];
  if (effect === 'admit') return;
  findings.issues.push(
    effect === 'refuse'
      ? issueOf('export-prohibited', 'export', rule.clause, undefined, undefined, {
          zh: '属于禁止出口的技术，不得流转',
          en: 'the technology is prohibited from export and is not relayed',
        })
      : issueOf('export-hold', 'export', rule.clause, undefined, undefined, {
          zh: '属于限制出口的技术，须先取得许可',
          en: 'the technology is restricted from export; a licence comes first',
        }),
  );
}

/**
 * The red lines of 国发〔2011〕38号: too many holders of one right, and resale of the same thing too soon. Every book
 * may draw them tighter, none wider: the first that is crossed is cited, the statute's before the exchanges'.
 */
export function checkRedLines(matter: Matter, findings: Findings): void {
  let crossed = false;
  for (const side of ['statute', 'home', 'host'] as const) {
    const rule = ruleAt(matter, side, 'red-lines');
    if (rule === undefined) continue;
    findings.consulted.push(rule.clause);
    if (side === 'statute') findings.terms.redLines = term(rule.clause.value, 'statute', rule.clause);
    if (!crossed) crossed = isCrossed(matter, findings, rule);
  }
}

function isCrossed(matter: Matter, findings: Findings, rule: Rule<'red-lines'>): boolean {
  const { maxHolders, resaleDays, calendar } = rule.clause.value;
  const before = findings.issues.length;
  for (const { title, holders } of matter.listing.object.ip) {
    if (holders.length <= maxHolders) continue;
    const [home, host] = valuesOf(matter, 'red-lines');
    findings.issues.push(
      issueOf('red-line', 'red-lines', rule.clause, home, host, {
        zh: `《${title}》权利人 ${holders.length} 名，超过 ${maxHolders} 名`,
        en: `${holders.length} holders of one right, more than ${maxHolders}: ${title}`,
      }),
    );
  }
  const last = matter.lastConcludedOn;
  if (last !== undefined && resaleDays > 0) {
    const [home, host] = valuesOf(matter, 'red-lines');
    const earliest = periodEnd(matter.calendars[calendar], last, { count: resaleDays, unit: 'working-day' });
    if (earliest === undefined) {
      findings.issues.push(
        issueOf('calendar-unknown', 'red-lines', rule.clause, home, host, {
          zh: `自 ${last} 起的 ${resaleDays} 个交易日超出已载入的节假日年份`,
          en: `${resaleDays} trading days from ${last} go beyond the holiday years loaded`,
        }),
      );
    } else if (matter.date < earliest) {
      findings.issues.push(
        issueOf('red-line', 'red-lines', rule.clause, home, host, {
          zh: `同一标的 ${last} 刚成交，${earliest} 前不得再次交易`,
          en: `the same asset was traded on ${last}; not again before ${earliest}`,
        }),
      );
    }
  }
  return findings.issues.length > before;
}
