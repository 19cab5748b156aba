/**
 * Who is at the other end of a TLS connection, and whether they may be: asked when the handshake ends, again with every
 * request, and of every open connection whenever certificates or CRLs change.
 *
 * OpenSSL proves that the peer holds the key of the certificate it shows, in new and in resumed sessions alike. Whose
 * certificate that is, our own path validator decides, by the gateway's clock; OpenSSL's opinion of the chain counts
 * beside it, except on dates, for it has only the machine's clock.
 */

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { BAD_PEER } from '../contract/adapter.ts';
import type { Participant } from '../contract/exchange.ts';
import { type PathFault, validatePath } from './pki/path.ts';
import type { Sm2 } from './sm2.ts';

/** What a peer is judged by, as it stands now; all DER. */
export interface PeerGrounds {
  readonly roots: readonly Uint8Array[];
  /** The TLS intermediates; a peer's certificate must come from one of these, whatever chain it sends. */
  readonly issuers: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
}

export type PeerUse = 'tls-client' | 'tls-server';
export type PeerFault = PathFault | 'certificate-missing' | 'not-trusted-by-openssl';

/** The certificate at the other end is not good, or not any more. */
export class BadPeer extends Error {
  readonly code = BAD_PEER;
  readonly fault: PeerFault;
  readonly zh: string;
  readonly en: string;
  constructor(fault: PeerFault, zh: string, en: string) {
    super(`${fault}: ${zh} / ${en}`);
    this.name = 'BadPeer';
    this.fault = fault;
    this.zh = zh;
    this.en = en;
  }
}

export interface Peers {
  /** At the end of a handshake: who it is, or the connection is destroyed. */
  admit(socket: TLSSocket, use: PeerUse, expected: readonly Participant[]): Participant | BadPeer;
  /** Of an admitted connection, with each request: who it is now, or it is destroyed. */
  stillAdmitted(socket: TLSSocket): Participant | BadPeer;
  /** Judges every open connection again and cuts those that are not good any more; how many that were. */
  recheck(): number;
}

export interface PeerPorts {
  /** Asked with every judgement, so that what was swapped counts at once: by other grounds nothing is known yet. */
  grounds(): PeerGrounds;
  readonly sm2: Sm2;
  nowMs(): number;
  /** Told of every connection turned away or cut. */
  refused(use: PeerUse, why: BadPeer): void;
}

interface Standing {
  readonly leaf: X509Certificate;
  readonly use: PeerUse;
  readonly expected: readonly Participant[];
}

/** OpenSSL's words for dates, which are judged by our clock. */
const ON_DATES = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const VERDICTS = 1_000;

/** A good verdict: it holds from one instant until another, as long as it is judged by the same. */
interface Verdict {
  readonly participant: Participant;
  readonly grounds: PeerGrounds;
  readonly fromMs: number;
  readonly untilMs: number;
}

export function openPeers(ports: PeerPorts): Peers {
  const open = new Map<TLSSocket, Standing>();
  /** Good verdicts only: strangers can show ever new certificates. */
  const verdicts = new Map<string, Verdict>();

  const judge = ({ leaf, use, expected }: Standing): Participant | BadPeer => {
    const key = `${use} ${expected.join()} ${leaf.fingerprint256}`;
    const [atMs, grounds] = [ports.nowMs(), ports.grounds()];
    const known = verdicts.get(key);
    // Every signature of the path again, for each open connection and request, would say the same.
    if (known?.grounds === grounds && known.fromMs <= atMs && atMs <= known.untilMs) return known.participant;
    const found = verdictOf(leaf.raw, use, expected, grounds, ports.sm2, atMs);
    if (verdicts.size >= VERDICTS) verdicts.clear();
    if (found instanceof BadPeer) {
      verdicts.delete(key);
      return found;
    }
    verdicts.set(key, found);
    return found.participant;
  };

  const cut = (socket: TLSSocket, use: PeerUse, why: BadPeer): BadPeer => {
    open.delete(socket);
    if (socket.destroyed) return why;
    ports.refused(use, why);
    // Who dialled is told why; at a server nobody listens, and an unheard error would end the process.
    if (use === 'tls-server') socket.destroy(why);
    else socket.destroy();
    return why;
  };

  const judgeOrCut = (socket: TLSSocket, standing: Standing): Participant | BadPeer => {
    const found = judge(standing);
    return found instanceof BadPeer ? cut(socket, standing.use, found) : found;
  };

  return {
    admit: (socket, use, expected) => {
      const leaf = socket.getPeerX509Certificate();
      if (leaf === undefined) {
        return cut(
          socket,
          use,
          new BadPeer('certificate-missing', '对方没有出示证书', 'the other side showed no certificate'),
        );
      }
      const standing = { leaf, use, expected };
      const found = judgeOrCut(socket, standing);
      if (found instanceof BadPeer) return found;
      // Typed as an error, in truth a code.
      const doubt = String(socket.authorizationError);
      if (!socket.authorized && !ON_DATES.has(doubt)) {
        return cut(
          socket,
          use,
          new BadPeer(
            'not-trusted-by-openssl',
            `OpenSSL 不信任此证书：${doubt}`,
            `OpenSSL does not trust it: ${doubt}`,
          ),
        );
      }
      open.set(socket, standing);
      socket.once('close', () => open.delete(socket));
      return found;
    },
    stillAdmitted: (socket) => {
      const standing = open.get(socket);
      if (standing !== undefined) return judgeOrCut(socket, standing);
      return cut(
        socket,
        'tls-client',
        new BadPeer('certificate-missing', '连接未经认证', 'the connection was never admitted'),
      );
    },
    recheck: () => {
      const before = open.size;
      for (const [socket, standing] of open) judgeOrCut(socket, standing);
      return before - open.size;
    },
  };
}

/** Tries every pinned issuer and every party expected here; the fault told is the one of the path that got furthest. */
function verdictOf(
  leaf: Uint8Array,
  use: PeerUse,
  expected: readonly Participant[],
  grounds: PeerGrounds,
  sm2: Sm2,
  atMs: number,
): Verdict | BadPeer {
  const { roots, issuers, crls } = grounds;
  let worst = new BadPeer('root-unknown', '没有可用的 TLS 签发机构', 'there is no TLS authority to judge by');
  let rank = -1;
  for (const intermediate of issuers) {
    for (const participant of expected) {
      const verdict = validatePath({ leaf, intermediate }, { roots, crls, atMs, purpose: use, participant, sm2 });
      if (verdict.ok) return { participant, grounds, fromMs: atMs, untilMs: verdict.untilMs };
      const reached = verdict.fault === 'chain-broken' ? 0 : verdict.fault === 'wrong-participant' ? 1 : 2;
      if (reached <= rank) continue;
      rank = reached;
      worst = new BadPeer(verdict.fault, verdict.zh, verdict.en);
    }
  }
  return worst;
}
