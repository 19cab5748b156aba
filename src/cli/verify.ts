import type { Adapter } from '../contract/adapter.ts';
import type { EvidenceRefusal } from '../evidence/codes.ts';
import type { Evidence } from '../evidence/verify.ts';
import { evidenceProblem } from '../http/problem.ts';
import type { AddCommand } from './command.ts';
import { readInput } from './input.ts';
import { write, writeJson } from './output.ts';
import { EXIT, type Terminal } from './terminal.ts';
import { widthOf } from './width.ts';

interface Options {
  readonly trust: string;
  readonly against?: string;
  readonly json?: true;
}

/** `qiao verify FILE --trust anchor.json`: an evidence bundle, offline; exit 0 and what was proven, or 2 and why not. */
export const addVerify: AddCommand = (program, { terminal, end }) => {
  program
    .command('verify')
    .description('离线验证一个证据包，只凭信任锚 / an evidence bundle checked offline, by the trust anchor alone')
    .argument('<FILE>', '证据包，- 为标准输入 / the bundle, - for standard input')
    .requiredOption('--trust <anchor>', '信任锚 anchor.json / the trust anchor')
    .option('--against <checkpoint>', '另一检查点，用于发现日志分叉 / another checkpoint, to find a fork by')
    .option('--json', '以 JSON 输出 / as JSON')
    .action(async (file: string, options: Options) => {
      const verdict = await verdictOn(file, options, terminal);
      if (!verdict.ok) {
        await writeJson(terminal.stderr, evidenceProblem(verdict));
        return end(EXIT.refused);
      }
      const { evidenceJson, evidenceLines } = await import('../evidence/report.ts');
      if (options.json) await writeJson(terminal.stdout, evidenceJson(verdict));
      else await write(terminal.stdout, aligned(evidenceLines(verdict)));
      end(EXIT.done);
    });
};

async function verdictOn(
  file: string,
  { trust, against }: Options,
  terminal: Terminal,
): Promise<Evidence | EvidenceRefusal> {
  const { refuse } = await import('../evidence/codes.ts');
  const { MAX_BUNDLE_BYTES } = await import('../evidence/bundle.ts');
  const { parseAnchor } = await import('../trust/trust-anchor.ts');
  const anchorFile = await readInput(terminal, trust);
  const anchor = anchorFile.ok ? parseAnchor(anchorFile.value) : anchorFile;
  if (!anchor.ok) {
    const [first] = anchor.refusals;
    return refuse('evidence-anchor-malformed', '', `${first?.pointer ?? ''} ${first?.code ?? ''}`.trim());
  }
  const note = against === undefined ? undefined : await readInput(terminal, against);
  if (note !== undefined && !note.ok) return refuse('evidence-too-large', '#against');
  const bundle = await readInput(terminal, file, MAX_BUNDLE_BYTES);
  if (!bundle.ok) return refuse('evidence-too-large', '');

  const { verifyEvidence } = await import('../evidence/verify.ts');
  const { chooseSm2 } = await import('../trust/sm2-check.ts');
  const { adapters } = await import('../../adapters/all.ts');
  return verifyEvidence(bundle.value, anchor.value, {
    sm2: chooseSm2(),
    adapters: new Map<string, Adapter>(adapters.map((adapter) => [adapter.exchange, adapter])),
    ...(note === undefined ? {} : { against: note.value }),
  });
}

/** Chinese and English in columns of their own; a Chinese character takes two. */
export function aligned(lines: readonly { readonly zh: string; readonly en: string; readonly text: string }[]): string {
  const pad = (text: string, width: number) => text + ' '.repeat(width - widthOf(text));
  const [zh, en] = (['zh', 'en'] as const).map((name) => Math.max(...lines.map((line) => widthOf(line[name]))));
  const body = lines.map((line) => `  ${pad(line.zh, zh!)}  ${pad(line.en, en!)}  ${line.text}\n`);
  return `证据成立 / the evidence holds\n${body.join('')}`;
}
