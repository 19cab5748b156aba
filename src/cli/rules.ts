import { isExchange } from '../contract/exchange.ts';
import { parseJson } from '../contract/json.ts';
import { accepted, type Checked } from '../contract/refusal.ts';
import type { Rulebook } from '../rules/rulebook.ts';
import type { AddCommand } from './command.ts';
import { readInput } from './input.ts';
import { refuseInput, write, writeJson } from './output.ts';
import { shippedRulebooks } from './rulebooks.ts';
import { EXIT, type Terminal } from './terminal.ts';

/** `qiao rules diff <a> <b>`: where two rulebooks differ, clause by clause. */
export const addRules: AddCommand = (program, { terminal, end }) => {
  const rules = program.command('rules').description('交易规则 / trading rules');
  rules
    .command('diff')
    .description('逐条比较两份交易规则 / where two rulebooks differ, clause by clause')
    .argument('<a>', '交易所代码（取最新版）或规则文件 / an exchange (its newest version) or a rulebook file')
    .argument('<b>', '同上 / the same')
    .option('--json', '以 JSON 输出 / as JSON')
    .action(async (a: string, b: string, { json }: { json?: true }) => {
      const left = await rulebookNamed(a, terminal);
      if (!left.ok) return end(await refuseInput(terminal, left.refusals));
      const right = await rulebookNamed(b, terminal);
      if (!right.ok) return end(await refuseInput(terminal, right.refusals));
      const { diffRulebooks } = await import('../rules/diff.ts');
      const rows = diffRulebooks(left.value, right.value);
      if (json) await writeJson(terminal.stdout, rows);
      else {
        const { table } = await import('./table.ts');
        const head = ['事项 dimension', '条件 when', titleOf(left.value), titleOf(right.value), '依据 provenance'];
        const cells = rows.map((row) => [
          row.dimension,
          shown(row.when),
          shown(row.a),
          shown(row.b),
          shown(row.provenance),
        ]);
        await write(terminal.stdout, table(head, cells, [24, 30, 32, 32, 14]));
      }
      end(EXIT.done);
    });
};

function titleOf({ exchange, version, from }: Rulebook): string {
  return `${exchange} v${version} (${from})`;
}

/** An exchange's newest rulebook as shipped, or one read from a file. */
async function rulebookNamed(name: string, terminal: Terminal): Promise<Checked<Rulebook>> {
  if (isExchange(name)) {
    const newest = [...(await shippedRulebooks(name))].sort((a, b) => b.version - a.version)[0];
    if (newest === undefined) throw new Error(`no rulebook is shipped for ${name}`);
    return accepted(newest);
  }
  const input = await readInput(terminal, name);
  if (!input.ok) return input;
  const json = parseJson(input.value);
  if (!json.ok) return json;
  const { readRulebook } = await import('../rules/rulebook.ts');
  return readRulebook(json.value);
}

/** A value of any dimension in few words; absent: —. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return '—';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return Object.entries(value)
    .map(([key, inner]) => `${key}=${shown(inner)}`)
    .join(' ');
}
