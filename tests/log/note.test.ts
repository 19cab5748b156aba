import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import {
  noteSigner,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
  verifyNoteSignature,
  writeNote,
  writeVerifierKey,
} from '../../src/log/note.ts';
import { isSignedByLog } from '../../src/log/quorum.ts';
import {
  makeSm2Pem,
  nativeSm2,
  readSm2PrivateKey,
  readSm2PublicKey,
  sm2Signer,
  sm2Verify,
} from '../../src/trust/sm2.ts';

const noSm2 = () => false;
const sm2 = (spki: Uint8Array, bytes: Uint8Array, rs: Uint8Array) =>
  sm2Verify(readSm2PublicKey(spki), nativeSm2)(bytes, rs);

/** The example of the signed-note specification, and that of golang.org/x/mod/sumdb/note. */
const PUBLISHED = [
  {
    key: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    note: `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`,
  },
  {
    key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    note: `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`,
  },
];
/** The private key of the second, as published: type 0x01 and the seed. */
const PETER_SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);

describe.each(PUBLISHED)('the published note of $key', ({ key, note }) => {
  const verifier = parseVerifierKey(key)!;
  const parsed = parseNote(Buffer.from(note))!;

  it('verifies with the published verifier key', () => {
    const [line] = parsed.signatures;
    expect([line?.name, line?.id]).toEqual([verifier.name, verifier.id]);
    expect(verifyNoteSignature(verifier, parsed.text, line!.bytes, noSm2)).toBe(true);
  });

  it('does not verify with any byte of its text or signature changed', () => {
    const bytes = Buffer.from(note);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      const read = parseNote(changed);
      if (read !== undefined) expect(isSignedByLog(read, [verifier], noSm2)).toBe(false);
    }
  });

  it('is written again as the same bytes, and so is its key', () => {
    expect(Buffer.from(writeNote(parsed)).toString()).toBe(note);
    expect(writeVerifierKey(verifier)).toBe(key);
  });
});

it('a note signed with the published private key is the published note', async () => {
  const { key, note } = PUBLISHED[1]!;
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), PETER_SEED]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const signer = noteSigner(parseVerifierKey(key)!, (bytes) => sign(null, bytes, privateKey));
  const made = await signNote(note.slice(0, note.indexOf('\n\n') + 1), [signer]);
  expect(Buffer.from(made).toString()).toBe(note);
});

describe('what is no note', () => {
  const good = PUBLISHED[0]!.note;
  const line = good.slice(good.indexOf('—'));
  const bad: Readonly<Record<string, string | Buffer>> = {
    'no signature': 'text\n\n',
    'no empty line': `text\n${line}`,
    'no line break at the end': good.slice(0, -1),
    'a control character': good.replace('message', 'mess\u0001age'),
    'a carriage return': good.replaceAll('\n', '\r\n'),
    'a hyphen for the dash': good.replace('—', '-'),
    'two blanks': good.replace('foo U', 'foo  U'),
    'a plus in the name': good.replace('example.com/foo U', 'example+com/foo U'),
    'base64 of another spelling': good.replace('aQM=', 'aQN='),
    'base64 without padding': good.replace('aQM=', 'aQM'),
    'a key id and nothing behind it': 'text\n\n— name AAAAAA==\n',
    'a text that is not UTF-8': Buffer.concat([Buffer.from([0xff]), Buffer.from(good)]),
    'more signatures than anyone needs': `text\n\n${line.repeat(65)}`,
    'more bytes than anyone needs': `${'x'.repeat(70_000)}\n\n${line}`,
  };
  it.each(Object.keys(bad))('%s', (name) => {
    expect(parseNote(Buffer.from(bad[name] as string))).toBeUndefined();
  });

  it('whatever comes: never an error, and what is read is written as it came', () => {
    const spoilt = fc
      .tuple(fc.nat(good.length), fc.nat(8), fc.string())
      .map(([at, cut, text]) => Buffer.from(good.slice(0, at) + text + good.slice(at + cut)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), spoilt), (bytes) => {
        const note = parseNote(bytes);
        return note === undefined || Buffer.compare(writeNote(note), bytes) === 0;
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a verifier key', () => {
  const [{ key }] = PUBLISHED as [(typeof PUBLISHED)[0]];
  it.each([
    ['another id', key.replace('530d903a', '530d903b')],
    ['another name', key.replace('foo', 'fop')],
    ['an unassigned type', 'x+00000000+AwEB'],
    ['capital digits', key.replace('530d903a', '530D903A')],
    ['a short key', 'example.com/foo+530d903a+Aeky'],
    ['nothing', ''],
  ])('with %s is none', (_, text) => {
    expect(parseVerifierKey(text)).toBeUndefined();
  });

  it('of a real witness (type 0x04) is read', () => {
    const remora = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2';
    expect(parseVerifierKey(remora)).toMatchObject({ name: 'remora.n621.de', type: 'cosignature', id: 0xda77ade7 });
  });
});

describe('the SM2 line', () => {
  const pem = makeSm2Pem();
  const secret = readSm2PrivateKey(pem);
  const key = verifierKey('qiao/log', 'sm2', secret.public.spki);
  const signer = noteSigner(key, (bytes) => sm2Signer('', secret, nativeSm2).sign(bytes) as Uint8Array);
  const ed = generateKeyPairSync('ed25519');
  const edKey = verifierKey('qiao/log', 'ed25519', ed.publicKey.export({ format: 'der', type: 'spki' }));
  const edSigner = noteSigner(edKey, (bytes) => sign(null, bytes, ed.privateKey));

  it('has a type of its own under 0xff, and its key survives being written', () => {
    const material = Buffer.from(writeVerifierKey(key).split('+').slice(2).join('+'), 'base64');
    expect(material.subarray(0, 14).toString('latin1')).toBe('\u00ffqiao/sm2-sm3\n');
    expect(material.subarray(14)).toEqual(Buffer.from(secret.public.spki));
    expect(parseVerifierKey(writeVerifierKey(key))).toEqual({ ...key, publicKey: Buffer.from(key.publicKey) });
  });

  it('must be there and verify where the log has such a key: left out, the note does not count', async () => {
    const both = parseNote(await signNote('a text\n', [edSigner, signer]))!;
    const keys = [edKey, key];
    expect(isSignedByLog(both, keys, sm2)).toBe(true);
    expect(isSignedByLog({ ...both, signatures: both.signatures.slice(0, 1) }, keys, sm2)).toBe(false);
    expect(isSignedByLog({ ...both, signatures: both.signatures.slice(1) }, keys, sm2)).toBe(false);
    expect(isSignedByLog({ ...both, text: 'another text\n' }, keys, sm2)).toBe(false);
    const [first, second] = both.signatures;
    const swapped = [{ ...first!, bytes: second!.bytes }, second!];
    expect(isSignedByLog({ ...both, signatures: swapped }, keys, sm2)).toBe(false);
  });

  it('lines of keys not known are passed over', async () => {
    const stranger = generateKeyPairSync('ed25519');
    const other = verifierKey('else', 'ed25519', stranger.publicKey.export({ format: 'der', type: 'spki' }));
    const note = parseNote(await signNote('a text\n', [edSigner, noteSigner(other, () => Buffer.alloc(64)), signer]))!;
    expect(isSignedByLog(note, [edKey, key], sm2)).toBe(true);
  });
});
