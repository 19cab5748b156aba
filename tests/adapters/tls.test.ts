/** The three lines over mutual TLS: our link, and the mock exchange with its own eye on our certificate. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { adapters } from '../../adapters/all.ts';
import { mocks } from '../../adapters/mocks.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import type { Link, LinkPorts, NativeSigner, NativeVerifier } from '../../src/contract/adapter.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { MockExchange } from '../../src/contract/mock.ts';
import { ecdsaP256Signer, ecdsaP256Verifier } from '../../src/trust/native.ts';
import type { TlsSide } from '../../src/trust/tls.ts';
import { memoryInMemory } from '../support/memory.ts';
import { expired, forOneUse, type Identity, makeWorld, serialOf, type World } from '../trust/tls-world.ts';
import { keys as rsa } from './ctex/exchange.ts';
import { exchangeKeys, gatewayKeys } from './stex/market.ts';
import { keys as p256 } from './szse/exchange.ts';

interface Pair {
  readonly signer: NativeSigner;
  readonly verifier: NativeVerifier;
}

/** The keys of each exchange's own protocol, ours and theirs: TLS comes on top of them and replaces none. */
const NATIVE: Readonly<Record<Exchange, { readonly ours: Pair; readonly theirs: Pair }>> = {
  ctex: {
    ours: { signer: rsa.gateway.signer, verifier: rsa.exchange.verifier },
    theirs: { signer: rsa.exchange.signer, verifier: rsa.gateway.verifier },
  },
  stex: {
    ours: { signer: gatewayKeys.signer, verifier: exchangeKeys.verifier },
    theirs: { signer: exchangeKeys.signer, verifier: gatewayKeys.verifier },
  },
  szse: {
    ours: { signer: ecdsaP256Signer(p256.gateway.privateKey), verifier: ecdsaP256Verifier(p256.exchange.publicKey) },
    theirs: { signer: ecdsaP256Signer(p256.exchange.privateKey), verifier: ecdsaP256Verifier(p256.gateway.publicKey) },
  },
};

let world: World;
let qiao: Identity;
let own: Record<Exchange, Identity>;
let drawn = 0;
const nonce = () => (++drawn).toString(16).padStart(32, '0');
const opened: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  world = await makeWorld();
  qiao = await world.identity('qiao');
  own = { ctex: await world.identity('ctex'), stex: await world.identity('stex'), szse: await world.identity('szse') };
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Line {
  readonly link: Link;
  readonly mock: MockExchange;
  readonly side: TlsSide;
  readonly address: { readonly url?: string; readonly address?: string };
  /** Serial numbers the exchange holds for revoked. */
  readonly revokedThere: Set<string>;
}

async function openLine(exchange: Exchange, shown: { ours?: Identity; theirs?: Identity } = {}): Promise<Line> {
  const { ours = qiao, theirs = own[exchange] } = shown;
  const revokedThere = new Set<string>();
  const mock = mocks[exchange]();
  const ports = { nowMs: () => world.clock.nowMs, nonce };
  const address = await mock.start({
    ...NATIVE[exchange].theirs,
    ...ports,
    tls: world.mockTls(theirs, revokedThere),
    member: 'QIAO',
    port: 0,
  });
  opened.push(() => mock.stop());
  const side = world.side(world.material(ours, await world.crls()));
  const linkPorts: LinkPorts = {
    ...NATIVE[exchange].ours,
    ...ports,
    tls: side.port(exchange),
    memory: memoryInMemory(),
    receive: async ({ key }) => ({ outcome: 'accepted', messageId: key }),
    keepRefused: async () => {},
    log: () => {},
  };
  const link = adapters
    .find((adapter) => adapter.exchange === exchange)!
    .openLink(
      {
        member: 'QIAO',
        timeoutMs: 2_000,
        maxAnswerBytes: 1_048_576,
        pollIntervalMs: 5,
        concurrency: 4,
        heartbeatS: 30,
        ...(address.url === undefined ? {} : { url: address.url }),
        ...(address.address === undefined ? {} : { address: address.address.replace('tls://', ''), secure: true }),
      },
      linkPorts,
    );
  opened.push(() => link.stop());
  await link.start();
  return { link, mock, side, address, revokedThere };
}

/** The day-end books: one question every exchange answers, over HTTP. */
async function asks({ link }: Line): Promise<'answered' | string> {
  try {
    await link.fetchStatement('2026-03-01');
    return 'answered';
  } catch (error) {
    const { cause, message } = error as Error;
    return cause instanceof Error ? `${message} ${cause.message}` : message;
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether the line that carries messages stands: the session (szse), the fetching of documents (stex), else a question. */
async function isUp(line: Line): Promise<boolean> {
  if (line.mock.exchange === 'ctex') return (await asks(line)) === 'answered';
  return line.link.state().up;
}

describe.each(exchanges)('the line to %s', (exchange) => {
  it('stands between certificates of the gateway and of that exchange', async () => {
    const line = await openLine(exchange);
    expect(line.address.url).toMatch(/^https:/);
    await until(() => isUp(line));
    expect(await asks(line)).toBe('answered');
  });

  it("is refused by us when another exchange's certificate, or an expired one, is at its end", async () => {
    const other = exchange === 'ctex' ? 'stex' : 'ctex';
    const theirs = [own[other], await world.identity(exchange, expired), await forOneUse(world, exchange, 'client')];
    for (const [index, fault] of ['wrong-participant', 'certificate-expired', 'wrong-usage'].entries()) {
      const line = await openLine(exchange, { theirs: theirs[index]! });
      expect(await asks(line)).toContain(fault);
      expect(line.link.state().up).toBe(false);
      expect(line.mock.book.effects.size).toBe(0);
    }
  });

  it('is refused by the exchange when it is not the gateway that dials, or its certificate is not good', async () => {
    for (const ours of [
      own[exchange],
      await world.identity('qiao', expired),
      await forOneUse(world, 'qiao', 'server'),
    ]) {
      const line = await openLine(exchange, { ours });
      expect(await asks(line)).not.toBe('answered');
      expect(line.link.state().up).toBe(false);
    }
  });

  it('is cut by us on the open connection when the certificate of the exchange is revoked', async () => {
    const line = await openLine(exchange);
    await until(() => isUp(line));
    expect(await asks(line)).toBe('answered');
    line.side.renew(world.material(qiao, await world.crls([own[exchange]])));
    expect(await asks(line)).toContain('certificate-revoked');
    await until(async () => !(await isUp(line)));
  });

  it('is cut by the exchange on the open connection when the certificate of the gateway is revoked', async () => {
    const line = await openLine(exchange);
    await until(() => isUp(line));
    expect(await asks(line)).toBe('answered');
    line.revokedThere.add(serialOf(qiao));
    expect(await asks(line)).not.toBe('answered');
  });

  it('comes back by itself once certificates are good again', async () => {
    const line = await openLine(exchange);
    await until(() => isUp(line));
    line.side.renew(world.material(qiao, await world.crls([own[exchange]])));
    await until(async () => !(await isUp(line)));
    line.side.renew(world.material(await world.identity('qiao'), await world.crls()));
    await until(() => isUp(line));
    expect(await asks(line)).toBe('answered');
  });

  it('answers nobody who comes without a certificate', async () => {
    const { address } = await openLine(exchange);
    const { port } = new URL(exchange === 'szse' ? address.address! : address.url!);
    const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false });
    let heard = 0;
    socket.on('data', (chunk) => {
      heard += chunk.length;
    });
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(socket, 'close');
    expect(heard).toBe(0);
  });
});

describe('what ctex pushes', () => {
  it('goes to the gateway and to nobody with another certificate, who hears not a byte', async () => {
    const { mock } = await openLine('ctex');
    const heard: string[] = [];
    const serve = async (identity: Identity) => {
      const { key, chain: cert } = identity;
      const server = createServer({ key, cert, requestCert: true, rejectUnauthorized: false }, (request, response) => {
        heard.push(String(request.headers['x-app-id']));
        response.end(JSON.stringify({ code: '0000', msg: '', data: {}, traceId: '' }));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      opened.push(async () => {
        server.closeAllConnections();
        server.close();
      });
      let dialled = 0;
      server.on('connection', () => {
        dialled += 1;
      });
      return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, dialled: () => dialled };
    };
    const impostor = await serve(own.szse);
    mock.desk.publish(sampleListing('ctex', 1, world.clock.nowMs));
    mock.desk.aim(impostor.url);
    await until(() => impostor.dialled() >= 2);
    expect([heard, mock.desk.idle()]).toEqual([[], false]);
    mock.desk.aim((await serve(qiao)).url);
    await until(() => mock.desk.idle());
    expect(heard).toHaveLength(1);
  });
});
