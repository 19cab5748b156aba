/**
 * One side of the federation's mutual TLS: its own certificate, and the doors (servers) and lines (connections) that
 * stand on it. Keys, certificates and CRLs are swapped while everything runs.
 */

import { constants, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, createSecureContext, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { TlsPort } from '../contract/adapter.ts';
import type { Participant } from '../contract/exchange.ts';
import type { Sm2 } from './sm2.ts';
import { BadPeer, openPeers, type PeerGrounds, type PeerUse } from './tls-peers.ts';

/** What one participant's TLS is made of. */
export interface TlsMaterial extends PeerGrounds {
  /** PKCS#8, PEM, not encrypted. */
  readonly key: string;
  /** Leaf and intermediate, PEM. */
  readonly chain: string;
}

export interface TlsSide {
  /** Dials that participant, and no other. */
  port(participant: Participant): TlsPort;
  /** For `createServer`; {@link guard} does the rest. */
  serverOptions(): ServerSettings;
  /** Lets only these in at that server, and hands it new certificates when they come. */
  guard(server: Server, expected: readonly Participant[]): void;
  /** Whose connection a request came over, asked with each; undefined: the connection has just been cut. */
  participantOf(socket: TLSSocket): Participant | undefined;
  /**
   * Takes effect for the next handshake; connections that are not good any more are cut. A key and a chain that do not
   * fit are thrown back and the old ones kept, but what peers are judged by counts at once.
   */
  renew(material: TlsMaterial): void;
  /** The same look at every open connection without anything new: certificates and CRLs also run out. */
  recheck(): number;
}

type ServerSettings = SecureContextOptions & { readonly requestCert: true; readonly rejectUnauthorized: false };

export interface TlsPorts {
  readonly sm2: Sm2;
  nowMs(): number;
  /** Told of every connection turned away or cut for its certificate, and of handshakes at a server that failed. */
  refused(use: PeerUse, why: BadPeer): void;
  failed(error: Error): void;
}

/** TLS 1.2 is the least, with forward secrecy and authenticated encryption only; 1.3 chooses its own. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
].join(':');

/** @throws when key and certificate do not belong together */
export function openTls(material: TlsMaterial, ports: TlsPorts): TlsSide {
  let now = material;
  let context = createSecureContext(contextOf(material));
  const servers = new Set<Server>();
  const peers = openPeers({ ...ports, grounds: () => now });

  return {
    port: (participant) => ({
      connect: (host, port) => {
        const tcp = { host, port, noDelay: true, keepAlive: true };
        const socket = connect({
          ...tcp,
          secureContext: context,
          // A peer is known by the name of its participant, which is judged below; a host name proves nothing here.
          checkServerIdentity: () => undefined,
          rejectUnauthorized: false,
          ...(isIP(host) === 0 ? { servername: host } : {}),
        });
        socket.disableRenegotiation();
        // The first listener: whoever else waits for it sees a connection that was found good, or one destroyed.
        socket.once('secureConnect', () => peers.admit(socket, 'tls-server', [participant]));
        return socket;
      },
    }),
    serverOptions: () => ({ ...contextOf(now), requestCert: true, rejectUnauthorized: false }),
    guard: (server, expected) => {
      servers.add(server);
      server.once('close', () => servers.delete(server));
      server.on('tlsClientError', (error) => ports.failed(error));
      server.prependListener('secureConnection', (socket) => void peers.admit(socket, 'tls-client', expected));
    },
    participantOf: (socket) => {
      const found = peers.stillAdmitted(socket);
      return found instanceof BadPeer ? undefined : found;
    },
    renew: (next) => {
      now = { ...next, key: now.key, chain: now.chain };
      peers.recheck();
      const options = contextOf(next);
      context = createSecureContext(options);
      now = next;
      for (const server of servers) server.setSecureContext(options);
    },
    recheck: () => peers.recheck(),
  };
}

/** What OpenSSL is told. That a bad peer is turned away is our doing, in {@link openPeers}: hence nothing about it here. */
function contextOf({ key, chain, roots, issuers }: TlsMaterial): SecureContextOptions {
  return {
    key,
    cert: chain,
    ca: [...roots, ...issuers].map((der) => new X509Certificate(der).toString()),
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ecdhCurve: 'X25519:P-256:P-384',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}
