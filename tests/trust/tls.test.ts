import { once } from 'node:events';
import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { BAD_PEER } from '../../src/contract/adapter.ts';
import type { TlsSide } from '../../src/trust/tls.ts';
import type { BadPeer } from '../../src/trust/tls-peers.ts';
import { expired, forOneUse, type Identity, makeWorld, notYet, selfSigned, type World } from './tls-world.ts';

let world: World;
let qiao: Identity;
let ctex: Identity;
let fresh: readonly Uint8Array[];
const cleanUp: (() => void)[] = [];

beforeAll(async () => {
  world = await makeWorld();
  [qiao, ctex] = [await world.identity('qiao'), await world.identity('ctex')];
  fresh = await world.crls();
});
afterEach(() => {
  for (const end of cleanUp.splice(0)) end();
});

interface Gateway {
  readonly side: TlsSide;
  readonly port: number;
  readonly server: Server;
  /** Requests that reached the application. */
  readonly seen: string[];
  readonly refused: BadPeer[];
}

/** The gateway's port for ctex, with an application that answers who it takes the caller for. */
async function openGateway(crls = fresh): Promise<Gateway> {
  const [seen, refused]: [string[], BadPeer[]] = [[], []];
  const side = world.side(world.material(qiao, crls), refused);
  const server = createHttpsServer({ ...side.serverOptions() }, (request, response) => {
    const who = side.participantOf(request.socket as TLSSocket);
    if (who === undefined) return;
    seen.push(`${who} ${request.url}`);
    response.end(who);
  });
  side.guard(server, ['ctex']);
  return { side, server, seen, refused, port: await listening(server) };
}

async function listening(server: TlsServer): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface Dialling {
  readonly identity?: Identity;
  readonly session?: Buffer;
  readonly versions?: { minVersion: SecureVersion; maxVersion: SecureVersion; ciphers?: string };
}

/** Someone who dials the gateway, as its code never would: any certificate, any version, no check of its own. */
function dial(port: number, { identity, session, versions }: Dialling = {}): TLSSocket {
  const socket = connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ...(identity === undefined ? {} : { key: identity.key, cert: identity.chain }),
    ...(session === undefined ? {} : { session }),
    ...versions,
  });
  socket.on('error', () => {});
  cleanUp.push(() => socket.destroy());
  return socket;
}

/** Asks over that connection; undefined when it was cut instead of answered. */
async function ask(socket: TLSSocket, path = '/'): Promise<string | undefined> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write(`GET ${path} HTTP/1.1\r\nhost: qiao\r\n\r\n`);
  for (;;) {
    const end = /\r\n\r\n(\w+)$/.exec(text);
    if (end !== null) break;
    if (socket.destroyed || socket.closed) return undefined;
    await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => undefined);
  }
  socket.removeAllListeners('data');
  return text.split('\r\n\r\n').at(-1);
}

const BAD: readonly (readonly [string, string, () => Promise<Identity | undefined>])[] = [
  ['no certificate at all', 'certificate-missing', async () => undefined],
  ["another exchange's certificate", 'wrong-participant', () => world.identity('stex')],
  ["the gateway's own certificate", 'wrong-participant', async () => qiao],
  ['an expired certificate', 'certificate-expired', () => world.identity('ctex', expired)],
  ['a certificate of tomorrow', 'certificate-not-yet-valid', () => world.identity('ctex', notYet)],
  ['a self-signed certificate', 'chain-broken', () => selfSigned('ctex')],
  ["a stranger's federation", 'chain-broken', async () => (await makeWorld('federation')).identity('ctex')],
];

describe('who dials the gateway', () => {
  it('is let in with the certificate of the exchange expected there, and known by its name', async () => {
    const gateway = await openGateway();
    expect(await ask(dial(gateway.port, { identity: ctex }), '/hello')).toBe('ctex');
    expect(gateway.seen).toEqual(['ctex /hello']);
    expect(gateway.refused).toEqual([]);
  });

  it.each(BAD)('is cut off before its request is read, with %s', async (_, fault, make) => {
    const gateway = await openGateway();
    const identity = await make();
    expect(await ask(dial(gateway.port, identity === undefined ? {} : { identity }))).toBeUndefined();
    expect(gateway.seen).toEqual([]);
    expect(gateway.refused.map((why) => why.fault)).toEqual([fault]);
    expect(gateway.refused[0]).toMatchObject({ zh: expect.stringMatching(/\p{Script=Han}/u), code: BAD_PEER });
  });

  it('is cut off with a certificate for servers only', async () => {
    const gateway = await openGateway();
    expect(await ask(dial(gateway.port, { identity: await forOneUse(world, 'ctex', 'server') }))).toBeUndefined();
    expect([gateway.seen, gateway.refused.map(({ fault }) => fault)]).toEqual([[], ['wrong-usage']]);
  });

  it.each([
    ['revoked', 'certificate-revoked', () => world.crls([ctex])],
    ['not vouched for: a CRL is missing', 'crl-missing', async () => (await world.crls()).slice(0, 1)],
    [
      'not vouched for: the CRL is stale',
      'crl-stale',
      () => world.crls([], new Date(world.clock.nowMs - 2 * 86_400_000)),
    ],
  ] as const)('is cut off when its certificate is %s', async (_, fault, make) => {
    const gateway = await openGateway(await make());
    expect(await ask(dial(gateway.port, { identity: ctex }))).toBeUndefined();
    expect([gateway.seen, gateway.refused.map((why) => why.fault)]).toEqual([[], [fault]]);
  });

  it.each([
    ['TLSv1.1', undefined],
    ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  ] as const)('speaks TLS 1.2 or 1.3, forward secret; offering %s gives %s', async (version, cipher) => {
    const gateway = await openGateway();
    const versions = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' };
    const socket = dial(gateway.port, {
      identity: ctex,
      versions: cipher === undefined ? versions : { ...versions, ciphers: cipher },
    });
    const answer = await ask(socket);
    expect(answer).toBe(cipher === undefined ? undefined : 'ctex');
    if (cipher !== undefined) expect(socket.getCipher().name).toBe(cipher);
    expect(gateway.seen).toHaveLength(cipher === undefined ? 0 : 1);
  });

  it('gets nowhere with a key exchange that is not forward secret, nor by renegotiating', async () => {
    const gateway = await openGateway();
    const versions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const old = dial(gateway.port, {
      identity: ctex,
      versions: { ...versions, ciphers: 'AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256' },
    });
    expect(await ask(old)).toBeUndefined();
    const again = dial(gateway.port, { identity: ctex, versions });
    expect(await ask(again)).toBe('ctex');
    const refused = await new Promise((resolve) => {
      again.once('close', () => resolve('closed'));
      again.renegotiate({}, (error) => resolve(error ?? undefined));
    });
    expect(refused).toBeDefined();
    expect(gateway.seen).toHaveLength(1);
  });
});

describe('a certificate that is revoked', () => {
  it('ends the open kept-alive connection at once, and is not let in again', async () => {
    const gateway = await openGateway();
    const socket = dial(gateway.port, { identity: ctex });
    expect(await ask(socket)).toBe('ctex');
    const closed = once(socket, 'close');
    gateway.side.renew(world.material(qiao, await world.crls([ctex])));
    await closed;
    expect(gateway.refused.map(({ fault }) => fault)).toEqual(['certificate-revoked']);
    expect(await ask(dial(gateway.port, { identity: ctex }))).toBeUndefined();
    expect(gateway.seen).toHaveLength(1);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('does not come back by resuming its session (%s)', async (version) => {
    const gateway = await openGateway();
    const versions = { minVersion: version, maxVersion: version };
    const first = dial(gateway.port, { identity: ctex, versions });
    let session: Buffer | undefined;
    first.on('session', (told: Buffer) => {
      session = told;
    });
    expect(await ask(first)).toBe('ctex');
    // While the certificate is good a session is resumed, and still known by its certificate.
    const resumed = dial(gateway.port, { identity: ctex, versions, session: session! });
    expect(await ask(resumed)).toBe('ctex');
    expect(resumed.isSessionReused()).toBe(true);
    // The ticket still opens with the same keys: only the judgement of the certificate stands in the way.
    const crls = await world.crls([ctex]);
    gateway.side.renew({ ...world.material(qiao, crls) });
    const late = dial(gateway.port, { identity: ctex, versions, session: session! });
    expect(await ask(late)).toBeUndefined();
    expect(gateway.seen).toHaveLength(2);
  });

  it('ends the connection also when only time has passed: the certificate or the CRL ran out', async () => {
    const own = await makeWorld();
    const identity = await own.identity('ctex');
    const refused: BadPeer[] = [];
    const side = own.side(own.material(await own.identity('qiao'), await own.crls()), refused);
    const server = createServer(side.serverOptions(), (socket) => socket.pipe(socket));
    side.guard(server, ['ctex']);
    const socket = dial(await listening(server), { identity });
    socket.write('a');
    await once(socket, 'data');
    expect(side.recheck()).toBe(0);
    // The list was made just now and holds for a day: until its last instant, and not for one more.
    own.clock.nowMs += 24 * 3_600_000;
    expect(side.recheck()).toBe(0);
    own.clock.nowMs += 1;
    const closed = once(socket, 'close');
    expect(side.recheck()).toBe(1);
    await closed;
    expect(refused.map(({ fault }) => fault)).toEqual(['crl-stale']);
  });
});

describe('what the gateway dials', () => {
  /** An exchange that shows that certificate; `heard` is every byte its application got. */
  async function openExchange(identity: Identity) {
    let heard = '';
    const shown: (string | undefined)[] = [];
    const options = { key: identity.key, cert: identity.chain, requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (socket) => {
      shown.push(socket.getPeerX509Certificate()?.subjectAltName);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        heard += chunk.toString();
        socket.write('heard');
      });
    });
    return { server, port: await listening(server), heard: () => heard, shown };
  }

  function dialling(side: TlsSide, port: number) {
    const socket = side.port('ctex').connect('127.0.0.1', port);
    cleanUp.push(() => socket.destroy());
    // Written before the handshake, as an HTTP agent does.
    socket.write('secret');
    return new Promise<{ code?: string; fault?: string } | 'answered'>((resolve) => {
      socket.once('error', resolve);
      socket.once('data', () => resolve('answered'));
    });
  }

  it('is spoken to once it has shown its certificate, and sees ours', async () => {
    const exchange = await openExchange(ctex);
    expect(await dialling(world.side(world.material(qiao, fresh)), exchange.port)).toBe('answered');
    expect(exchange.heard()).toBe('secret');
    expect(exchange.shown).toEqual([expect.stringContaining('URI:urn:fed:exchange:qiao')]);
  });

  it.each(BAD.slice(1))('hears not a byte with %s', async (_, fault, make) => {
    const exchange = await openExchange((await make())!);
    expect(await dialling(world.side(world.material(qiao, fresh)), exchange.port)).toMatchObject({
      code: BAD_PEER,
      fault,
    });
    // The server's side of the connection has ended by now: nothing can come any more.
    await new Promise((resolve) => exchange.server.close(resolve));
    expect(exchange.heard()).toBe('');
  });

  it('hears not a byte with a certificate for clients only, or a revoked one', async () => {
    const wrong = await openExchange(await forOneUse(world, 'ctex', 'client'));
    expect(await dialling(world.side(world.material(qiao, fresh)), wrong.port)).toMatchObject({ fault: 'wrong-usage' });
    const revoked = await openExchange(ctex);
    const side = world.side(world.material(qiao, await world.crls([ctex])));
    expect(await dialling(side, revoked.port)).toMatchObject({ fault: 'certificate-revoked' });
    expect(wrong.heard() + revoked.heard()).toBe('');
  });

  it('is cut off when its certificate is revoked while the connection stands', async () => {
    const exchange = await openExchange(ctex);
    const side = world.side(world.material(qiao, fresh));
    const socket = side.port('ctex').connect('127.0.0.1', exchange.port);
    await once(socket, 'secureConnect');
    const failed = once(socket, 'error');
    side.renew(world.material(qiao, await world.crls([ctex])));
    expect((await failed)[0]).toMatchObject({ code: BAD_PEER, fault: 'certificate-revoked' });
  });
});

describe('new certificates', () => {
  it('are shown from the next handshake on, both ways; open connections go on', async () => {
    const gateway = await openGateway();
    const before = dial(gateway.port, { identity: ctex });
    expect(await ask(before)).toBe('ctex');
    const next = await world.identity('qiao');
    gateway.side.renew(world.material(next, await world.crls()));
    const after = dial(gateway.port, { identity: ctex });
    expect(await ask(after)).toBe('ctex');
    expect(Buffer.from(after.getPeerX509Certificate()!.raw).equals(Buffer.from(next.leaf))).toBe(true);
    expect(Buffer.from(before.getPeerX509Certificate()!.raw).equals(Buffer.from(qiao.leaf))).toBe(true);
    expect(await ask(before)).toBe('ctex');
  });

  it('that do not fit their key are refused: the old ones stay in force, and what came with them is heeded', async () => {
    const gateway = await openGateway();
    const other = await world.identity('qiao');
    expect(() => gateway.side.renew(world.material({ ...other, key: qiao.key }, fresh))).toThrow(/key values mismatch/);
    const socket = dial(gateway.port, { identity: ctex });
    expect(await ask(socket)).toBe('ctex');
    const closed = once(socket, 'close');
    const crls = await world.crls([ctex]);
    expect(() => gateway.side.renew(world.material({ ...other, key: qiao.key }, crls))).toThrow(/key values mismatch/);
    await closed;
  });
});
