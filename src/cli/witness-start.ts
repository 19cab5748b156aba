import type { Limits } from '../config-limits.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Log } from '../gateway.ts';
import { type LogPolicy, readPolicy } from '../log/quorum.ts';
import { KeyProblem, type KeyStore } from '../trust/keystore.ts';
import { openTls } from '../trust/tls.ts';
import { tlsMaterialOf } from '../trust/tls-material.ts';
import { type StartedWitness, startWitness } from '../witness/start.ts';

export interface OwnWitness {
  readonly exchange: Exchange;
  readonly keys: KeyStore;
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Without TLS. */
  readonly plain: boolean;
  readonly limits: Limits;
  readonly log: Log;
  nowMs(): number;
}

/**
 * Starts an exchange's witness from its key store, which it follows while it runs: a new certificate or revocation list
 * takes effect without a restart.
 * @throws KeyProblem, WitnessFault
 */
export async function startOwnWitness(own: OwnWitness): Promise<StartedWitness> {
  const { exchange, keys, folder, host, port, plain, limits, log, nowMs } = own;
  const tls = plain
    ? undefined
    : openTls(tlsMaterialOf(keys, exchange), {
        sm2: keys.sm2,
        nowMs,
        refused: (_, why) => log('warn', 'witness-peer-refused', { exchange, fault: why.fault }),
        failed: (error) => log('warn', 'witness-handshake', { exchange, error }),
      });
  const started = await startWitness({
    exchange,
    keys,
    policy: policyOf(keys),
    folder,
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    limits: {
      bodyLimitBytes: limits.witnessBodyBytes,
      requestTimeoutMs: limits.headersTimeoutMs,
      connections: limits.witnessConnections,
      waiting: limits.witnessWaiting,
      archiveFileBytes: limits.witnessArchiveBytes,
    },
    nowMs,
    log: (level, event, fields) => log(level, event, { exchange, ...fields }),
  });
  if (tls === undefined) return started;
  const renew = () => {
    try {
      tls.renew(tlsMaterialOf(keys, exchange));
    } catch (error) {
      log('error', 'tls-not-renewed', { exchange, error });
    }
  };
  const forget = keys.trust.onChange(renew);
  const timer = setInterval(() => {
    keys.refresh();
    tls.recheck();
  }, limits.peerCheckMs);
  return {
    ...started,
    close: async () => {
      forget();
      clearInterval(timer);
      await started.close();
    },
  };
}

function policyOf({ anchor, root }: KeyStore): LogPolicy {
  const policy = readPolicy(anchor);
  // The key store has checked its anchor already.
  if (policy === undefined) throw new KeyProblem(root, '信任锚不可用', 'The trust anchor cannot be used', 'qiao certs');
  return policy;
}
