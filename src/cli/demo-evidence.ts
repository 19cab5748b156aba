import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adapters } from '../../adapters/all.ts';
import type { Adapter } from '../contract/adapter.ts';
import { writeBundle } from '../evidence/bundle.ts';
import { evidenceLines } from '../evidence/report.ts';
import { verifyEvidence } from '../evidence/verify.ts';
import { evidenceOf } from '../http/evidence.ts';
import { parseAnchor } from '../trust/trust-anchor.ts';
import type { Act } from './demo-report.ts';
import { aligned } from './verify.ts';

/** How long the witnesses may take; they are on this machine. */
const WITNESSED_WITHIN_MS = 20_000;

/**
 * The last deal of stex (which signs twice, SM2 beside Ed25519) as one file, which then is all there is: read back,
 * verified by the anchor alone, and once more with one bit changed. False when it did not hold, or the altered one did.
 */
export async function proveDeal({ federation, say }: Act, dataFolder: string): Promise<boolean> {
  const { gateway, keys } = federation;
  await witnessed(federation);
  const { rows } = await gateway.database.query<{ id: string }>(
    `select id from message where kind = 'deal' and issuer = 'stex' order by no desc limit 1`,
  );
  const id = rows[0]?.id ?? '';
  const quorum = { witnesses: keys.anchor.witnesses.map(({ exchange }) => exchange), needed: keys.anchor.quorum };
  const found = await evidenceOf(gateway.database, id, quorum);
  if (found === undefined) return false;
  const folder = join(dataFolder, 'demo-evidence');
  await mkdir(folder, { recursive: true });
  const [file, alteredFile] = [join(folder, 'deal.json'), join(folder, 'deal-altered.json')];
  const anchorFile = join(keys.root, 'anchor.json');
  const bytes = found.bundle.native?.bytes ?? found.bundle.envelope;
  const altered = Uint8Array.from(bytes, (byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte));
  const native = found.bundle.native === null ? null : { ...found.bundle.native, bytes: altered };
  await writeFile(file, writeBundle(found.bundle));
  await writeFile(alteredFile, writeBundle({ ...found.bundle, native }));

  const anchor = parseAnchor(await readFile(anchorFile));
  if (!anchor.ok) return false;
  const tools = { sm2: keys.sm2, adapters: new Map<string, Adapter>(adapters.map((one) => [one.exchange, one])) };
  const verdict = verifyEvidence(await readFile(file), anchor.value, tools);
  await say(verdict.ok ? aligned(evidenceLines(verdict)).trimEnd() : `  ${verdict.code} ${verdict.zh} / ${verdict.en}`);
  const refused = verifyEvidence(await readFile(alteredFile), anchor.value, tools);
  await say('改动一个比特之后 / with one bit of it changed');
  await say(refused.ok ? '  ✗' : `  ${refused.code}  ${refused.pointer}  ${refused.zh} / ${refused.en}`);
  await say(`  npx qiao verify ${file} --trust ${anchorFile}`);
  return verdict.ok && !refused.ok;
}

/** Until everything said so far stands under a checkpoint with its quorum. */
async function witnessed({ gateway }: Act['federation']): Promise<void> {
  const deadline = performance.now() + WITNESSED_WITHIN_MS;
  await gateway.journalLog.sequence();
  const size = await gateway.journalLog.size();
  while ((gateway.witnessed.final()?.size ?? 0n) < size && performance.now() < deadline) {
    await gateway.witnessed.tick();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
