import { widthOf } from '../../src/cli/width.ts';
import type { Mutant } from './mutants.ts';
import type { Outcome } from './simulate.ts';

/** The run for people, Chinese and English in columns of their own. */
export function table(outcomes: readonly Outcome[], seconds: number, mutant: Mutant | undefined): string {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const faults = new Map<string, number>();
  for (const outcome of outcomes) {
    for (const [kind, count] of Object.entries(outcome.faults)) faults.set(kind, (faults.get(kind) ?? 0) + count);
  }
  const broken = outcomes.filter((outcome) => outcome.broken.length > 0);
  const kinds = [...faults].sort().map(([kind, count]) => `${kind} ${count}`);
  const rows: (readonly [zh: string, en: string, value: string])[] = [
    ['种子', 'seeds', `${outcomes.length}  (${outcomes[0]?.seed ?? '-'}…${outcomes.at(-1)?.seed ?? '-'})`],
    ...(mutant === undefined ? [] : [['变异体', 'mutant', `${mutant.name}: ${mutant.zh} / ${mutant.en}`] as const]),
    ['历时', 'duration', `${seconds.toFixed(1)} s`],
    ['虚拟时间', 'virtual time', `${(sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(1)} h`],
    ['步', 'steps', String(sum(({ steps }) => steps))],
    ['消息', 'messages', String(sum(({ messages }) => messages))],
    ...kinds.map((text, i) => [i === 0 ? '故障' : '', i === 0 ? 'faults' : '', text] as const),
    ['不成立的种子', 'seeds that broke', String(broken.length)],
  ];
  const [zh, en] = [0, 1].map((column) => Math.max(...rows.map((row) => widthOf(row[column as 0 | 1]))));
  const pad = (text: string, width: number) => text + ' '.repeat(width - widthOf(text));
  const lines = rows.map((row) => `${pad(row[0], zh!)}  ${pad(row[1], en!)}  ${row[2]}\n`);
  const again = broken.slice(0, 10).map(({ seed, trace, broken: [first = ''] }) => {
    const how = `npm run simulate -- --from ${seed} --seeds 1${mutant === undefined ? '' : ` --mutant ${mutant.name}`}`;
    return `  SEED=${seed} ${trace}  ${first.split('\n')[0]}\n    ${how}\n`;
  });
  const verdict =
    mutant === undefined
      ? ''
      : broken.length > 0
        ? '变异体被发现 / the defect was found\n'
        : '变异体未被发现 / the defect was NOT found\n';
  return lines.join('') + again.join('') + verdict;
}
