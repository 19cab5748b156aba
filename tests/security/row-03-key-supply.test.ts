import { createServer } from 'node:net';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import { signJws } from '../../src/envelope/jws.ts';
import { atMs, header, testKey, trusting } from '../envelope/keys.ts';

/** Threat 3: the message brings the key that it is to be judged by, or the address of one (CVE-2018-0114 and its kin). */

const attacker = testKey('ctex', 'Ed25519');
const trust = trusting(testKey('ctex', 'Ed25519').entry);

test.each(['jku', 'x5u', 'x5c', 'jwk', 'x5t', 'x5t#S256', 'crit'])(
  'a header with %s is refused, and nothing is fetched',
  async (name) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}/keys.json` : '';
    const jwk = attacker.publicKey.export({ format: 'jwk' });
    const value = { jku: url, x5u: url, x5c: ['MIIB'], jwk, crit: ['b64'] }[name] ?? 'AAAA';
    const bytes = await signJws(Buffer.from('{}'), { ...header(), [name]: value } as never, [attacker.signer]);
    const refused = verifyEnvelope(bytes, trust, { atMs });
    expect(refused).toMatchObject({ ok: false });
    const code = (refused as { code: string }).code;
    expect(['key-supplied', 'crit-unsupported', 'unlisted-member']).toContain(code);
    await new Promise((resolve) => setImmediate(resolve));
    expect(connections).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  },
);

test('a key beside the protected header is refused as well', async () => {
  const good = Buffer.from(await signJws(Buffer.from('{}'), header() as never, [attacker.signer])).toString();
  const jws = JSON.parse(good) as { signatures: object[] };
  const jwk = attacker.publicKey.export({ format: 'jwk' });
  const bytes = JSON.stringify({ ...jws, signatures: [{ ...jws.signatures[0], header: { jwk } }] });
  expect(verifyEnvelope(Buffer.from(bytes), trust, { atMs })).toMatchObject({ ok: false, code: 'unprotected-header' });
});
