import { constants, X509Certificate } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { connect, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { MockTls } from '../src/contract/mock.ts';

const USAGE = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const;

/** What is wrong with the certificate at the other end of a connection, if anything. */
export type PeerCheck = (socket: Socket) => string | undefined;

/**
 * An exchange's own eye on the gateway's certificate, written from the profile and apart from the gateway's: under the
 * federation's TLS intermediate, for this use, of this participant; in force and not revoked at the time of asking.
 */
export function openPeerCheck(tls: MockTls | undefined, use: keyof typeof USAGE, nowMs: () => number): PeerCheck {
  if (tls === undefined) return () => undefined;
  const [root, issuer] = [new X509Certificate(tls.root), new X509Certificate(tls.issuer)];
  const seen = new WeakMap<Socket, { readonly leaf: X509Certificate; readonly fault: string | undefined }>();

  const faultOf = (leaf: X509Certificate): string | undefined => {
    for (const [below, above] of [
      [leaf, issuer],
      [issuer, root],
      [root, root],
    ] as const) {
      if (!below.checkIssued(above) || !below.verify(above.publicKey)) return 'not issued by the federation';
    }
    if (leaf.subjectAltName?.split(', ').includes(`URI:urn:fed:exchange:${tls.peer}`) !== true) return 'another party';
    return leaf.keyUsage?.includes(USAGE[use]) ? undefined : 'wrong usage';
  };

  return (socket) => {
    let known = seen.get(socket);
    if (known === undefined) {
      const leaf = (socket as TLSSocket).getPeerX509Certificate();
      if (leaf === undefined) return 'no certificate';
      known = { leaf, fault: faultOf(leaf) };
      seen.set(socket, known);
    }
    if (known.fault !== undefined) return known.fault;
    const chain = [known.leaf, issuer, root];
    if (chain.some((one) => nowMs() < Date.parse(one.validFrom) || nowMs() > Date.parse(one.validTo))) {
      return 'not in force';
    }
    const revoked = tls.revoked();
    return chain.some((one) => revoked.has(one.serialNumber)) ? 'revoked' : undefined;
  };
}

/** What both directions of the mock use. OpenSSL checks that the peer has the key; {@link openPeerCheck} whose it is. */
export function mockContext({ key, chain }: MockTls): SecureContextOptions & { rejectUnauthorized: false } {
  return {
    key,
    cert: chain,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    rejectUnauthorized: false,
  };
}

/** The mock's HTTP: over mutual TLS where it has certificates, which it looks at again with every request. */
export function openMockHttp(tls: MockTls | undefined, nowMs: () => number, answer: RequestListener): Server {
  if (tls === undefined) return createServer(answer);
  const faultOfPeer = openPeerCheck(tls, 'client', nowMs);
  return createTlsServer({ ...mockContext(tls), requestCert: true }, (request, response) => {
    if (faultOfPeer(request.socket) !== undefined) request.socket.destroy();
    else answer(request, response);
  });
}

/** Dials the gateway; the connection stands when `secureConnect` comes, and is destroyed when it is not the gateway. */
export function dialGateway(tls: MockTls, faultOfPeer: PeerCheck, host: string, port: number): TLSSocket {
  const socket = connect({ ...mockContext(tls), host, port });
  socket.once('secureConnect', () => {
    const fault = faultOfPeer(socket);
    if (fault !== undefined) socket.destroy(new Error(`the gateway's certificate: ${fault}`));
  });
  return socket;
}
