import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import type { TrustList } from '../../src/envelope/jws.ts';
import { atMs, header, testKey, trusting } from '../envelope/keys.ts';

/** Threat 2: the key id as a path, as SQL, as the name of somebody else's key, or of a member every object has. */

const ctex = testKey('ctex', 'Ed25519');
const szse = testKey('szse', 'Ed25519');
const payload = Buffer.from('{}');
const underName = async (kid: string) => {
  const [text] = [Buffer.from(await signEnvelope(payload, header(), [ctex.signer])).toString()];
  const jws = JSON.parse(text) as { payload: string; signatures: { protected: string; signature: string }[] };
  const [part] = jws.signatures;
  const read = JSON.parse(Buffer.from(part!.protected, 'base64url').toString()) as object;
  const renamed = Buffer.from(JSON.stringify({ ...read, kid })).toString('base64url');
  return Buffer.from(JSON.stringify({ ...jws, signatures: [{ ...part, protected: renamed }] }));
};

test.each([
  '../../../../dev/null',
  '/etc/passwd',
  "x' UNION SELECT 'key' --",
  'key.pem; cat /etc/passwd',
  'http://127.0.0.1/key',
  'ctex:ed25519:1\u0000',
  'CTEX:ED25519:1',
  ' ctex:ed25519:1',
  '__proto__',
  'x'.repeat(10_000),
])('a key id of %p is refused by its form, and the trust list is not even asked', async (kid) => {
  const asked: string[] = [];
  const known = trusting(ctex.entry);
  const listening: TrustList = { ...known, find: (name) => void asked.push(name) };
  expect(verifyEnvelope(await underName(kid), listening, { atMs })).toMatchObject({ ok: false, code: 'kid-malformed' });
  expect(asked).toEqual([]);
});

test.each(['constructor', 'tostring', 'ctex:ed25519:2'])('a key id of %p that nobody has is unknown', async (kid) => {
  const refused = verifyEnvelope(await underName(kid), trusting(ctex.entry), { atMs });
  expect(refused).toMatchObject({ ok: false, code: 'kid-unknown' });
});

test('a good signature by the key of another participant does not speak for this one', async () => {
  const bytes = await signEnvelope(payload, header({ iss: 'ctex' }), [szse.signer]);
  const refused = verifyEnvelope(bytes, trusting(ctex.entry, szse.entry), { atMs });
  expect(refused).toMatchObject({ ok: false, code: 'issuer-mismatch' });
});
