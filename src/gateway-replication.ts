import type { Log } from './gateway.ts';
import { repeat } from './gateway-timing.ts';
import type { Alarm } from './http/parts.ts';
import type { Database } from './journal/database.ts';
import { replicationOf } from './journal/replication.ts';

/** Looks whether what is receipted would outlive the loss of the database server. */
export interface ReplicationWatch {
  alarms(): readonly Alarm[];
  stop(): Promise<void>;
}

export interface ReplicationGround {
  readonly database: Database;
  readonly everyMs: number;
  readonly log: Log;
  onFault(error: unknown): void;
}

const ASYNCHRONOUS = {
  code: 'replication-asynchronous',
  zh: '有服务器异步复制本数据库：主库损毁后若切换到其中一台，会丢失已出具回执的报文；请设置 synchronous_standby_names',
  en: 'servers follow the database asynchronously: a failover to one of them would lose messages that were receipted; set synchronous_standby_names',
} as const;

/** Looks once before it returns, and again and again. One server alone is no alarm: nothing says that it has a standby. */
export async function watchReplication({
  database,
  everyMs,
  log,
  onFault,
}: ReplicationGround): Promise<ReplicationWatch> {
  let alarm: Alarm | undefined;
  const look = async () => {
    const { followers, isSynchronous } = await replicationOf(database);
    const isAlarm = followers > 0 && !isSynchronous;
    const { code, zh, en } = ASYNCHRONOUS;
    if (isAlarm && alarm === undefined) log('warn', code, { zh, en, followers });
    alarm = isAlarm ? { ...ASYNCHRONOUS, at: `pg_stat_replication: ${followers}` } : undefined;
  };
  await look();
  return { alarms: () => (alarm === undefined ? [] : [alarm]), stop: repeat(look, everyMs, onFault) };
}
