import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instantAt } from './contract/dates.ts';
import type { Log } from './gateway.ts';
import type { Alarm } from './http/parts.ts';
import { recordAct } from './journal/audit.ts';
import { type Database, transaction } from './journal/database.ts';
import { keepCrls } from './journal/evidence-reads.ts';
import { lastTrustVersion, recordTrustVersion, trustVersions } from './journal/trust-versions.ts';
import { StartFailure } from './start-failure.ts';
import { expiriesOf, type TrustState, tlsLeavesOf } from './trust/expiry.ts';
import type { KeyStore } from './trust/keystore.ts';
import { readCrl } from './trust/pki/crl.ts';
import {
  type LocalTrustList,
  readTrustList,
  shownFaults,
  type TrustListFault,
  trustFault,
} from './trust/trust-list.ts';
import { continuation, versionsBefore } from './trust/trust-list-file.ts';
import { successionFault } from './trust/trust-list-succession.ts';

/** Days are counted; once a minute is often enough. */
const WARN_EVERY_MS = 60_000;

export interface GatewayTrust {
  state(): TrustState;
  /** What somebody should act on at once. */
  alarms(): readonly Alarm[];
  /** Looks for a newer list, in the key store and in the journal, and for new certificates and revocation lists. */
  refresh(): Promise<void>;
}

export interface TrustGround {
  readonly database: Database;
  readonly keys: KeyStore;
  readonly log: Log;
  nowMs(): number;
}

/**
 * Keeps the trust list of this process at the newest version that two operators have signed, whichever way it came:
 * by the file, or by another gateway on the same database. Every version is journaled before it is in force here.
 *
 * @throws StartFailure when the journal and the key store belong to different federations
 */
export async function openTrust(ground: TrustGround): Promise<GatewayTrust> {
  const { database, keys, log, nowMs } = ground;
  const { trust, anchor, sm2, root } = keys;
  const files = { root, anchor, sm2 };
  const file = join(root, 'trust.json');
  let seen: Buffer | undefined;
  let refused: TrustState['refused'];
  let crlsKept = false;
  const told = new Map<string, number>();

  /** Another process may journal the same version at the same moment; then its bytes must be these. */
  const adopt = async (list: LocalTrustList): Promise<TrustListFault | undefined> => {
    const at = new Date(nowMs());
    const isNew = await transaction(database, async (connection) => {
      if (!(await recordTrustVersion(connection, list, at))) return false;
      const detail = { version: list.version, sha256: list.sha256, operators: list.operators.join(' ') };
      const subject = `trust/${list.version}`;
      await recordAct(connection, { actor: 'gateway', role: 'system', act: 'trust-list-adopted', subject, detail, at });
      return true;
    });
    if (!isNew) {
      const [journaled] = await trustVersions(database, list.version, 1);
      const fault = forkFault(list, journaled?.bytes);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  const putInForce = (list: LocalTrustList) => {
    const before = trust.current;
    if (list.sha256 === before.sha256) return;
    trust.swap(list);
    log('info', 'trust-list-in-force', { version: list.version, sha256: list.sha256, operators: list.operators });
    for (const { kid, revokedAt } of [...list.records, ...list.links]) {
      const was = before.records.find((one) => one.kid === kid) ?? before.links.find((one) => one.kid === kid);
      if (revokedAt !== undefined && was?.status === 'active') log('warn', 'key-revoked', { kid, revokedAt });
    }
  };
  const fromJournal = async () => {
    const last = await lastTrustVersion(database);
    if (last === undefined || last <= trust.current.version) return;
    for (const { bytes } of await trustVersions(database, trust.current.version + 1)) {
      const read = readTrustList(bytes, anchor, sm2);
      const faults = read.ok ? listed(successionFault(read.list, trust.current)) : read.faults;
      if (!read.ok || faults !== undefined) throw new Error(`the journal's trust list: ${shownFaults(faults ?? [])}`);
      putInForce(read.list);
    }
  };
  const fromFile = async () => {
    const bytes = readFileSync(file);
    if (seen?.equals(bytes)) return;
    const next = continuation(trust.current, bytes, files);
    let faults = next.ok ? undefined : next.faults;
    for (const list of next.ok ? next.lists : []) {
      faults = listed(await adopt(list));
      if (faults !== undefined) break;
      putInForce(list);
    }
    refused = faults && { faults, sinceMs: nowMs() };
    if (faults !== undefined) {
      log('error', 'trust-list-refused', { file, inForce: trust.current.version, why: shownFaults(faults) });
    }
    seen = bytes;
  };
  /** Certificates first: they need no database to be cut off by. */
  const fromFolders = async () => {
    if (keys.refresh()) crlsKept = false;
    if (crlsKept) return;
    const lists = keys.crls().map((bytes) => {
      const authority = Buffer.from(readCrl(bytes)?.issuerKeyIdentifier ?? []).toString('hex');
      return { authority, bytes };
    });
    await keepCrls(database, lists, new Date(nowMs()));
    crlsKept = true;
  };

  const state = (): TrustState => ({
    list: trust.current,
    expiries: expiriesOf({ list: trust.current, tls: tlsLeavesOf(keys), crls: keys.crls(), nowMs: nowMs() }),
    refused,
  });
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Each warning once, and again when it becomes more urgent. */
  const warn = () => {
    if (Math.abs(nowMs() - lookedAtMs) < WARN_EVERY_MS) return;
    lookedAtMs = nowMs();
    for (const { kid, kind, participant, daysLeft, warning } of state().expiries) {
      if (warning === undefined || (told.get(kid) ?? Number.POSITIVE_INFINITY) <= warning) continue;
      told.set(kid, warning);
      log(warning <= 1 ? 'error' : 'warn', warning === 0 ? 'trust-expired' : 'trust-expiring', {
        kid,
        kind,
        participant,
        daysLeft,
      });
    }
  };

  const journaled = await newestOf(ground);
  if (journaled !== undefined) putInForce(journaled);
  else for (const list of [...versionsBefore(trust.current, files), trust.current]) await adopt(list);
  const refresh = async () => {
    await fromFolders();
    await fromJournal();
    await fromFile();
    warn();
  };
  await refresh();
  return { state, alarms: () => alarmsOf(state()), refresh };
}

/** The newest version in the journal, which decides over whatever lies in the key store. */
async function newestOf({ database, keys }: TrustGround): Promise<LocalTrustList | undefined> {
  const last = await lastTrustVersion(database);
  const [row] = last === undefined ? [] : await trustVersions(database, last, 1);
  if (row === undefined) return undefined;
  const read = readTrustList(row.bytes, keys.anchor, keys.sm2);
  if (read.ok) return read.list;
  const why = shownFaults(read.faults);
  throw new StartFailure(
    `数据库中的信任清单不是由密钥库 ${keys.root} 的操作员签署的（${why}）：请换回原来的密钥库，或换用新的数据库`,
    `the trust list in the database was not signed by the operators of the key store ${keys.root} (${why}): bring back the key store it was begun with, or use another database`,
  );
}

function alarmsOf({ refused, expiries, list }: TrustState): readonly Alarm[] {
  const file: readonly Alarm[] =
    refused === undefined
      ? []
      : [
          {
            code: 'trust-list-refused',
            at: instantAt(refused.sinceMs),
            zh: `trust.json 未生效，仍用第 ${list.version} 版：${refused.faults.map(({ zh }) => zh).join('；')}`,
            en: `trust.json is not in force, version ${list.version} still is: ${refused.faults.map(({ en }) => en).join('; ')}`,
          },
        ];
  const ended = expiries
    .filter(({ warning }) => warning !== undefined && warning <= 1)
    .map(({ kid, notAfterMs }) => ({
      code: 'trust-expiring',
      at: instantAt(notAfterMs),
      zh: `${kid} 将于 ${instantAt(notAfterMs)} 到期或已到期`,
      en: `${kid} ends, or has ended, at ${instantAt(notAfterMs)}`,
    }));
  return [...file, ...ended];
}

function forkFault(list: LocalTrustList, journaled: Uint8Array | undefined): TrustListFault | undefined {
  const same = journaled !== undefined && Buffer.from(list.bytes).equals(journaled);
  return same ? undefined : trustFault('list-forked', '/version', String(list.version));
}

function listed(fault: TrustListFault | undefined): readonly TrustListFault[] | undefined {
  return fault === undefined ? undefined : [fault];
}
