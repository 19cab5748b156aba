import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { instantAt } from '../../src/contract/dates.ts';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { crlPem } from '../../src/trust/hierarchies.ts';
import { dersOfPem } from '../../src/trust/pki/pem.ts';
import { qiao } from '../cli/command-line.ts';
import { type Journey, openJourney } from '../journeys/federation.ts';
import { until } from '../support/processes.ts';
import { openPusher, projectEvent, reasonsOf } from './pushing.ts';

/**
 * Threat 12: somebody has an exchange's keys. Two operators revoke them; from then on nothing they sign counts and no
 * line they opened stays open, while what was signed before stands.
 */

const folder = mkdtempSync(join(tmpdir(), 'qiao-row-12-'));
let journey: Journey;
beforeAll(async () => {
  journey = await openJourney({
    keysFolder: folder,
    limits: { trustPollMs: 100, peerCheckMs: 100, pollIntervalMs: 100, outboxPollMs: 20 },
  });
});
afterAll(async () => {
  await journey.close();
  rmSync(folder, { recursive: true, force: true });
});

const stored = (path: string) => readFileSync(join(journey.keys.root, path), 'utf8');
const now = () => journey.clock.nowMs();

/** At the store the running gateway reads; in force before this resolves. */
async function revoke(kid: string): Promise<void> {
  const before = journey.keys.trust.current.version;
  const run = async (argv: readonly string[]) => {
    const at = instantAt(Math.floor(now() / 1000) * 1000);
    const { exit, stdout, stderr } = await qiao(['certs', ...argv, '--store', journey.keys.root], { at });
    expect([argv[0], exit, stderr]).toEqual([argv[0], 0, '']);
    return stdout.toString('utf8');
  };
  const asked = await run(['revoke', kid, '--reason', 'keyCompromise', '--operator', 'demo-a']);
  await run(['approve', /pending\s+(.+)/.exec(asked)?.[1] ?? '', '--operator', 'demo-b']);
  await until(() => journey.keys.trust.current.version > before);
}

test('with the stolen key of the exchange’s own protocol: taken before the revocation, refused from it on', async () => {
  const thief = openPusher(journey);
  // Copied while it was good: the thief asks nobody.
  const key = createPrivateKey(stored('mocks/ctex/exchange.key.pem'));
  const signer = { sign: (bytes: Uint8Array) => sign('sha256', bytes, key) };
  expect(await thief.send(thief.sign(projectEvent('BEFORE'), { signer }))).toMatchObject({ code: '0000' });
  const { kid } = journey.keys.trust.current.links.find(
    (link) => link.exchange === 'ctex' && link.side === 'exchange',
  )!;
  await revoke(kid);
  const answer = await thief.send(thief.sign(projectEvent('AFTER'), { signer }));
  expect([answer.code, reasonsOf(answer)]).toEqual(['1002', ['bad-signature']]);
  thief.close();
  const { rows } = await journey.gateway.database.query<{ subject: string }>(
    `select subject from message where issuer = 'ctex' and kind = 'listing'`,
  );
  expect(rows).toEqual([{ subject: 'ctex:BEFORE' }]);
});

test('with the stolen envelope key: what was journaled before stands, what is signed after is void however it is dated', async () => {
  const [signer] = journey.keys.envelopeSigners('szse');
  const envelope = (iatMs: number) =>
    signEnvelope(
      Buffer.from('{}'),
      {
        typ: 'fed-msg+jws',
        iss: 'szse',
        aud: ['ctex'],
        jti: '0195c000-0000-7000-8000-000000000012',
        iat: Math.floor(iatMs / 1000),
        kind: 'listing',
        contract: '1.0',
        rulebook: 'a'.repeat(64),
        stream: 'listing/szse:1',
        seq: 1,
        prev: null,
        nat: 'b'.repeat(64),
      },
      [signer!],
    );
  // As a thief's program would hold it: the bytes of signatures made with the key, whenever.
  const [early, backdated] = [await envelope(now()), await envelope(now() - 60_000)];
  const journaled = now();
  await until(() => now() > journaled + 1_000);
  await revoke(signer!.kid);
  expect(() => journey.keys.envelopeSigners('szse')).toThrow(/revoked/);
  const judged = (bytes: Uint8Array, atMs: number) => verifyEnvelope(bytes, journey.keys.trust, { atMs });
  expect(judged(early, journaled)).toMatchObject({ ok: true });
  // Judged by when it came into the journal, not by the time it claims.
  expect(judged(backdated, now() + 1_000)).toMatchObject({ ok: false, code: 'key-revoked' });
});

test('with a stolen TLS key: the connection that is open is cut, and no other comes in', async () => {
  const { hostname: host, port } = new URL(journey.gateway.exchangeUrl!);
  const own = { key: stored('participants/ctex/tls.key.pem'), cert: stored('participants/ctex/tls.chain.pem') };
  const open = async () => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...own });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  };
  const ask = 'POST /exchanges/ctex/notify HTTP/1.1\r\nhost: qiao\r\ncontent-length: 0\r\n\r\n';
  const kept = await open();
  kept.write(ask);
  expect(String((await once(kept, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);

  const cut = once(kept, 'close');
  const [certificate] = dersOfPem('CERTIFICATE', stored('ca/main-tls.cert.pem'));
  const at = new Date(now() - 1_000);
  const authority = {
    kind: 'ec' as const,
    demo: true,
    certificate: certificate!,
    privateKeyPem: createPrivateKey(stored('ca/main-tls.key.pem')).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const serial = new X509Certificate(own.cert).serialNumber.toLowerCase();
  const revoked = [{ serial, at, reason: 'keyCompromise' as const }];
  const list = join(journey.keys.root, 'crl', 'main-tls.crl.pem');
  writeFileSync(`${list}.new`, await crlPem(authority, 2, at, new Date(at.getTime() + 86_400_000), revoked));
  renameSync(`${list}.new`, list);
  await cut;

  const late = await open();
  const answered: unknown[] = [];
  late.on('data', (bytes) => answered.push(bytes));
  const closed = once(late, 'close');
  late.write(ask);
  await closed;
  expect(answered).toEqual([]);
});
