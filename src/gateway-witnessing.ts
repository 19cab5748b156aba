import type { Config } from './config.ts';
import type { TlsPort } from './contract/adapter.ts';
import { type Exchange, exchanges } from './contract/exchange.ts';
import type { Faults } from './faults.ts';
import type { Log } from './gateway.ts';
import { repeat } from './gateway-timing.ts';
import type { Alarm } from './http/parts.ts';
import type { Database } from './journal/database.ts';
import { readPolicy } from './log/quorum.ts';
import { LogContradiction, publishCheckpoint } from './relay/checkpoints.ts';
import { type Finality, openFinality, type SettlementGate } from './relay/finality.ts';
import { openWitnessing, type WitnessState } from './relay/witnessing.ts';
import { type Opened, StartFailure } from './start-failure.ts';
import type { KeyStore } from './trust/keystore.ts';
import { openWitnessLine, type WitnessLine } from './witness/client.ts';

/** The log as others can hold us to it: checkpoints, who confirms them, and what that means for settlement. */
export interface WitnessedLog {
  /** The newest checkpoint with a quorum behind it. */
  readonly final: Finality['last'];
  readonly settlementAllowed: () => SettlementGate;
  witnesses(): readonly WitnessState[];
  alarms(): readonly Alarm[];
  /** Signs the tree if it has grown, and has the witnesses asked. */
  tick(): Promise<void>;
  stop(): Promise<void>;
}

export interface WitnessedGround {
  readonly config: Config;
  readonly keys: Pick<KeyStore, 'anchor' | 'logSigners'>;
  readonly database: Database;
  readonly faults: Faults;
  readonly opened: Opened;
  readonly log: Log;
  nowMs(): number;
  random(): number;
  /** Dials an exchange's witness under mutual TLS; absent: plain addresses only. */
  readonly tls?: (exchange: Exchange) => TlsPort;
}

/** Throws {@link StartFailure} when the log's keys and the trust anchor do not belong together. */
export async function openWitnessedLog(ground: WitnessedGround): Promise<WitnessedLog> {
  const { config, keys, database, faults, opened, log, nowMs, random } = ground;
  const { limits } = config;
  const signers = keys.logSigners();
  const policy = readPolicy(keys.anchor);
  const isNamed = policy?.logKeys.every(({ name, id }) => signers.some((one) => one.name === name && one.id === id));
  if (policy === undefined || isNamed !== true) {
    throw new StartFailure(
      '日志密钥 log/*.key.pem 与信任锚 anchor.json 不符（qiao certs）',
      'the keys of the log, log/*.key.pem, are not those of the trust anchor, anchor.json (qiao certs)',
    );
  }
  const finality = await openFinality({
    database,
    quorum: { witnesses: policy.witnesses.map(({ exchange }) => exchange), needed: policy.quorum },
    silenceMs: limits.quorumSilenceMs,
    nowMs,
  });
  const witnessing = openWitnessing({
    database,
    witnesses: policy.witnesses,
    lines: linesOf(ground),
    limits,
    nowMs,
    random,
    heard: () => finality.refresh(),
    onFault: faults.of('witness'),
    log,
  });

  let contradiction: { readonly alarm: Alarm; readonly sinceMs: number } | undefined;
  let wasAllowed = true;
  const sign = async () => {
    try {
      const checkpoint = await publishCheckpoint({ database, origin: policy.origin, signers, nowMs });
      contradiction = undefined;
      if (checkpoint !== undefined) witnessing.wake();
    } catch (error) {
      if (!(error instanceof LogContradiction)) throw error;
      const sinceMs = contradiction?.sinceMs ?? nowMs();
      log('error', 'log-contradiction', { error });
      contradiction = { sinceMs, alarm: contradictionSince(sinceMs) };
    }
  };
  const watchGate = async () => {
    await finality.refresh();
    const gate = finality.settlementAllowed();
    if (gate.ok !== wasAllowed) {
      if (gate.ok) log('warn', 'settlement-resumed');
      else log('error', 'settlement-stopped', { zh: gate.zh, en: gate.en });
    }
    wasAllowed = gate.ok;
  };
  const tick = async () => {
    await sign();
    await watchGate();
  };
  const timer = repeat(tick, limits.checkpointIntervalMs, faults.of('checkpoint'));
  const stop = async () => {
    await Promise.all([timer(), witnessing.stop()]);
  };
  opened.add(stop);
  return {
    final: () => finality.last(),
    settlementAllowed: () => finality.settlementAllowed(),
    witnesses: () => witnessing.states(),
    alarms: () => [
      ...(contradiction === undefined ? [] : [contradiction.alarm]),
      ...witnessing.states().flatMap(refusalAlarm),
      ...gateAlarm(finality.settlementAllowed()),
    ],
    tick,
    stop,
  };
}

const ADDRESSES = {
  ctex: ['ctexWitnessUrl', 'QIAO_CTEX_WITNESS_URL'],
  stex: ['stexWitnessUrl', 'QIAO_STEX_WITNESS_URL'],
  szse: ['szseWitnessUrl', 'QIAO_SZSE_WITNESS_URL'],
} as const;

/** A line to each witness whose address is known; for the others it is said which variable is missing. */
function linesOf({ config, tls, log }: WitnessedGround): ReadonlyMap<string, WitnessLine> {
  const lines = new Map<string, WitnessLine>();
  for (const exchange of exchanges) {
    const [setting, variable] = ADDRESSES[exchange];
    const url = config.exchanges[setting];
    if (url === undefined) log('warn', 'witness-not-configured', { exchange, variable });
    else if (url.startsWith('https:') && tls === undefined) {
      throw new StartFailure(
        `${variable} 为 https，但密钥库没有 participants/qiao/tls.*（qiao certs）`,
        `${variable} is https, but the key store has no participants/qiao/tls.* (qiao certs)`,
      );
    } else lines.set(exchange, openWitnessLine(exchange, url, tls?.(exchange)));
  }
  return lines;
}

function contradictionSince(sinceMs: number): Alarm {
  return {
    code: 'log-contradiction',
    at: new Date(sinceMs).toISOString(),
    zh: '流水的树与已签署的检查点矛盾，不再签署新的检查点',
    en: 'the tree of the journal contradicts a checkpoint that was signed: no more are signed',
  };
}

function refusalAlarm({ exchange, refusal }: WitnessState): readonly Alarm[] {
  if (refusal === undefined) return [];
  const { kind, size, witnessSize, refusedAt } = refusal;
  const at = `${exchange}, ${refusedAt.toISOString()}`;
  if (kind === 'fork') {
    return [
      {
        code: 'witness-fork',
        at,
        zh: `${exchange} 的见证方见过另一份历史，拒签 ${size} 片叶的检查点`,
        en: `the witness of ${exchange} has seen another history and refuses the checkpoint of ${size} leaves`,
      },
    ];
  }
  return [
    {
      code: 'witness-rollback',
      at,
      zh: `${exchange} 的见证方已签过 ${witnessSize} 片叶，本库只有 ${size} 片：数据库被回退`,
      en: `the witness of ${exchange} has cosigned ${witnessSize} leaves, here are ${size}: this database was rolled back`,
    },
  ];
}

function gateAlarm(gate: SettlementGate): readonly Alarm[] {
  if (gate.ok) return [];
  return [{ code: 'settlement-stopped', at: new Date(gate.sinceMs).toISOString(), zh: gate.zh, en: gate.en }];
}
