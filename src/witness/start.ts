import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { LogPolicy } from '../log/quorum.ts';
import type { KeyStore } from '../trust/keystore.ts';
import { sm2OfNotes } from '../trust/sm2-notes.ts';
import type { TlsSide } from '../trust/tls.ts';
import { openArchive } from './archive.ts';
import { openHeads } from './heads.ts';
import { type ListeningWitness, listenWitness, type WitnessLimits } from './server.ts';
import { openWitness, type Witness, WitnessFault, type WitnessParts } from './witness.ts';

export interface WitnessStart {
  readonly exchange: string;
  readonly keys: Pick<KeyStore, 'witness' | 'sm2'>;
  readonly policy: LogPolicy;
  /** Its head and archive. Whoever loses it has no witness any more, only a key. */
  readonly folder: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The exchange's side; absent: plain HTTP. */
  readonly tls?: TlsSide;
  readonly limits: WitnessLimits & { readonly waiting: number; readonly archiveFileBytes: number };
  nowMs(): number;
  readonly log: WitnessParts['log'];
}

export interface StartedWitness extends ListeningWitness {
  readonly head: Witness['head'];
}

/**
 * Starts an exchange's witness: reads its head, then listens.
 * @throws WitnessFault when its key is not the one in the trust anchor, or its head is not its own
 */
export async function startWitness(start: WitnessStart): Promise<StartedWitness> {
  const { exchange, keys, policy, folder, host, port, tls, limits, nowMs, log } = start;
  const own = keys.witness(exchange);
  const named = policy.witnesses.find((one) => one.exchange === exchange);
  if (named === undefined || Buffer.compare(named.key.publicKey, own.key.publicKey) !== 0) {
    throw new WitnessFault(
      `信任锚中 ${exchange} 的见证密钥不是这一把`,
      `the trust anchor names another witness key for ${exchange} than the one held here`,
    );
  }
  const witness = openWitness({
    origin: policy.origin,
    logKeys: policy.logKeys,
    sm2: sm2OfNotes(keys.sm2),
    key: named.key,
    sign: (bytes) => own.sign(bytes),
    heads: await openHeads(folder),
    archive: openArchive(folder, { fileLimitBytes: limits.archiveFileBytes }),
    waiting: limits.waiting,
    nowMs,
    log,
  });
  await witness.head();
  const listening = await listenWitness(witness, {
    host,
    port,
    limits,
    log,
    ...(tls === undefined ? {} : { secure: onlyGateway(tls) }),
  });
  return { ...listening, head: () => witness.head() };
}

/** Whoever is not the gateway is cut off when the handshake ends, or as soon as its certificate is not good any more. */
function onlyGateway(tls: TlsSide) {
  return (listener: Parameters<typeof createServer>[1] & object) => {
    const server = createServer(tls.serverOptions(), (request, response) => {
      if (tls.participantOf(request.socket as TLSSocket) !== undefined) listener(request, response);
    });
    tls.guard(server, ['qiao']);
    return server;
  };
}
