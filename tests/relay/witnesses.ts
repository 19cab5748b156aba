import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ORIGIN } from '../../src/log/checkpoint.ts';
import { type NoteKeyType, noteSigner, verifierKey, writeVerifierKey } from '../../src/log/note.ts';
import { type LogPolicy, readPolicy } from '../../src/log/quorum.ts';
import { openArchive } from '../../src/witness/archive.ts';
import { openHeads } from '../../src/witness/heads.ts';
import { type ListeningWitness, listenWitness } from '../../src/witness/server.ts';
import { openWitness } from '../../src/witness/witness.ts';

const EXCHANGES = ['ctex', 'stex', 'szse'] as const;

function keyOf(name: string, type: NoteKeyType) {
  const pair = generateKeyPairSync('ed25519');
  const key = verifierKey(name, type, pair.publicKey.export({ format: 'der', type: 'spki' }));
  return { key, sign: (bytes: Uint8Array) => sign(null, bytes, pair.privateKey) };
}

export interface WitnessGround {
  readonly policy: LogPolicy;
  readonly signers: readonly ReturnType<typeof noteSigner>[];
  /** Starts one witness on its folder; again after it was closed, it goes on from its head. */
  start(exchange: string, port?: number): Promise<ListeningWitness>;
  remove(): void;
}

/** Keys of a log and three witnesses that listen on 127.0.0.1, with folders of their own. */
export function witnessGround(nowMs: () => number): WitnessGround {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-witnesses-'));
  const log = keyOf(ORIGIN, 'ed25519');
  const witnesses = EXCHANGES.map((exchange) => ({ exchange, ...keyOf(`${exchange}/witness`, 'cosignature') }));
  const policy = readPolicy({
    log: { origin: ORIGIN, keys: [writeVerifierKey(log.key)] },
    witnesses: witnesses.map(({ exchange, key }) => ({ exchange, key: writeVerifierKey(key) })),
    quorum: 2,
  })!;
  return {
    policy,
    signers: [noteSigner(log.key, log.sign)],
    async start(exchange, port = 0) {
      const own = witnesses.find((one) => one.exchange === exchange)!;
      const place = join(folder, exchange);
      const quiet = () => {};
      const witness = openWitness({
        origin: ORIGIN,
        logKeys: policy.logKeys,
        sm2: () => false,
        ...own,
        heads: await openHeads(place),
        archive: openArchive(place, { fileLimitBytes: 1_000_000 }),
        waiting: 16,
        nowMs,
        log: quiet,
      });
      const limits = { bodyLimitBytes: 65_536, requestTimeoutMs: 5_000, connections: 16 };
      return listenWitness(witness, { host: '127.0.0.1', port, limits, log: quiet });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
