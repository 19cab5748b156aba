import fc from 'fast-check';
import { adapters } from '../../adapters/all.ts';
import { evidenceCatalogue } from '../../src/evidence/codes.ts';
import { type Evidence, type EvidenceTools, verifyEvidence } from '../../src/evidence/verify.ts';
import { nativeSm2 } from '../../src/trust/sm2.ts';
import { parseAnchor, type TrustAnchor } from '../../src/trust/trust-anchor.ts';
import { atMs, type Built, build, type Change, type Ground, makeGround, otherCheckpoint } from './raw-bundle.ts';
import { noteKey } from './raw-log.ts';

const seed = Number(process.env.QIAO_SEED ?? Date.now() % 2 ** 31);
const DAY_MS = 86_400_000;
const byExchange = new Map(adapters.map((adapter) => [adapter.exchange as string, adapter]));
const tools: EvidenceTools = { sm2: nativeSm2, adapters: byExchange };

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround();
});

function anchorOf({ anchor }: Built): TrustAnchor {
  const parsed = parseAnchor(Buffer.from(JSON.stringify(anchor)));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusals));
  return parsed.value;
}

function verdictOn(built: Built, against?: string) {
  const brought = against === undefined ? {} : { against: Buffer.from(against) };
  return verifyEvidence(built.bytes(), anchorOf(built), { ...tools, ...brought });
}

const codeOf = (built: Built, against?: string) => {
  const verdict = verdictOn(built, against);
  return verdict.ok ? 'verified' : verdict.code;
};

test('a bundle made by hand from the page for third parties is verified, and says who said what, when and where', async () => {
  const built = await build(ground);
  const verdict = verdictOn(built) as Evidence;
  expect(verdict).toMatchObject({
    ok: true,
    demo: true,
    atMs,
    index: 2,
    trust: { version: 1, operators: ['alice', 'bob'] },
  });
  expect(verdict.envelope.header).toMatchObject({ iss: 'ctex', aud: ['stex', 'szse'], jti: built.bundle.message });
  expect(verdict.head.size).toBe(8n);
  expect(verdict.head.cosigned).toEqual(
    ['ctex', 'stex', 'szse'].map((exchange) => ({ exchange, atMs: atMs + 10_000 })),
  );
  expect(verdict.native?.signedBy?.alg).toBe('RS256');
  expect(verdict.receipts.map(({ receipt, atMs: at }) => [receipt.receipt, receipt.iss, at - atMs])).toEqual([
    ['received', 'qiao', 0],
    ['accepted', 'stex', 2000],
  ]);
});

test('two signatures, SM2 beside Ed25519, and a document out of a page that was signed as one', async () => {
  const verdict = verdictOn(await build(ground, { exchange: 'stex' })) as Evidence;
  expect(verdict.ok).toBe(true);
  expect(verdict.envelope.signatures.map(({ alg }) => alg)).toEqual(['Ed25519', 'SM2-SM3']);
  expect(verdict.native?.signedBy?.alg).toBe('SM2-SM3');
});

test.each(['ctex', 'stex'] as const)(
  'a certified deal of %s: both exchanges signed the same bytes, and who',
  async (exchange) => {
    for (const deal of ['both', 'this-version'] as const) {
      const { cosigned } = verdictOn(await build(ground, { exchange, deal })) as Evidence;
      const version = deal === 'both' ? 1 : 2;
      expect(cosigned).toMatchObject({ deal: `${exchange}:D-1`, version, isThis: deal === 'this-version', index: 3 });
      expect(cosigned?.signatures.map(({ participant, alg }) => `${participant} ${alg}`).sort()).toEqual([
        'ctex Ed25519',
        'stex Ed25519',
        'stex SM2-SM3',
      ]);
    }
  },
);

const before = atMs - DAY_MS;
const after = atMs + DAY_MS;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** Each cause, the code that names it, and how it comes about. */
const causes: readonly (readonly [what: string, code: string, change: Change, alter?: (built: Built) => unknown])[] = [
  ['two of three witnesses are enough', 'verified', { witnesses: 2 }],
  ['revoked by the trust list after journal time', 'verified', { revoked: { at: after, what: 'list' } }],
  ['the link key revoked after journal time', 'verified', { revoked: { at: after, what: 'link' } }],
  ['one witness of three', 'evidence-not-final', { witnesses: 1 }],
  [
    'no checkpoint yet',
    'evidence-not-final',
    {},
    ({ bundle }) => {
      bundle.checkpoint = null;
      bundle.entry = null;
    },
  ],
  [
    'revoked by the trust list before journal time',
    'evidence-revoked-before',
    { revoked: { at: before, what: 'list' } },
  ],
  ['the certificate revoked by the list in force', 'evidence-revoked-before', { revoked: { at: before, what: 'crl' } }],
  ['the link key revoked before journal time', 'evidence-revoked-before', { revoked: { at: before, what: 'link' } }],
  ['the key ended before journal time', 'evidence-key-not-valid', { listNotAfter: before }],
  ['chains to a root that the anchor does not name', 'evidence-wrong-chain', { strangeChains: true }],
  [
    'the chain of another key',
    'evidence-wrong-chain',
    {},
    ({ bundle: { chains } }) => {
      Object.assign(chains[0], { leaf: chains[2].leaf });
    },
  ],
  ['a revocation list of another day', 'evidence-missing-part', { crlFrom: after }],
  ['no revocation list', 'evidence-missing-part', {}, ({ bundle }) => (bundle.crls = [])],
  ['no chain of a signer', 'evidence-missing-part', {}, ({ bundle }) => bundle.chains.pop()],
  ['no native message', 'evidence-missing-part', {}, ({ bundle }) => (bundle.native = null)],
  ['no native proof', 'evidence-missing-part', {}, ({ bundle }) => (bundle.native.proof = '')],
  [
    'no page behind the proof',
    'evidence-missing-part',
    { exchange: 'stex' },
    ({ bundle }) => (bundle.native.whole = null),
  ],
  ['no receipt of the gateway', 'evidence-missing-part', {}, ({ bundle }) => (bundle.received = null)],
  ['a receipt without its place', 'evidence-missing-part', {}, ({ bundle }) => (bundle.receipts[0].entry = null)],
  ['a trust list without its place', 'evidence-missing-part', {}, ({ bundle }) => (bundle.trust.entry = null)],
  [
    'one signature of an origin that has two kinds of keys',
    'evidence-missing-part',
    { exchange: 'stex', single: true },
  ],
  ['one operator only', 'evidence-wrong-anchor', { operators: ['alice'] }],
  [
    'another log’s keys',
    'evidence-altered',
    {},
    (built) => {
      built.bundle.checkpoint = built.note(built.leaves, [noteKey('qiao/log', 'log'), noteKey('qiao/log', 'sm2')]);
    },
  ],
  [
    'only one of the log’s two signatures',
    'evidence-altered',
    {},
    (built) => {
      built.bundle.checkpoint = built.note(built.leaves, [ground.log[0]!, ...ground.witnesses.map(({ key }) => key)]);
    },
  ],
  [
    'a witness nobody knows',
    'evidence-wrong-anchor',
    {},
    (built) => {
      const known = [...ground.log, ...ground.witnesses.map(({ key }) => key)];
      built.bundle.checkpoint = built.note(built.leaves, [...known, noteKey('nyse/witness', 'witness')]);
    },
  ],
  [
    'one witness twice',
    'evidence-altered',
    {},
    (built) => {
      const { key } = ground.witnesses[0]!;
      built.bundle.checkpoint = built.note(built.leaves, [...ground.log, key, key]);
    },
  ],
  [
    'a log that never held it',
    'evidence-not-included',
    {},
    (built) => {
      built.bundle.checkpoint = built.note([...built.leaves].reverse());
    },
  ],
  ['the place of another leaf', 'evidence-not-included', {}, ({ bundle }) => (bundle.entry.index = 3)],
  [
    'another message’s place in the log',
    'evidence-wrong-message',
    {},
    ({ bundle }) => (bundle.entry = bundle.receipts[0].entry),
  ],
  [
    'another message’s id',
    'evidence-wrong-message',
    {},
    ({ bundle }) => {
      bundle.message = '00000000-0000-4000-8000-000000000000';
    },
  ],
  ['a receipt for another message', 'evidence-receipt-mismatch', { receiptOf: '00000000-0000-4000-8000-000000000000' }],
  [
    'a receipt under another kind',
    'evidence-receipt-mismatch',
    {},
    ({ bundle }) => (bundle.receipts[0].kind = 'refused'),
  ],
  ['native bytes signed by somebody else', 'evidence-native-proof', { native: 'by-another-key' }],
  ['a receipt dated an hour later', 'evidence-wrong-time', { receivedAt: atMs + 3_600_000 }],
  ['cosigned before it was journaled', 'evidence-wrong-time', { cosignedAt: before }],
  ['a subject that the log does not have', 'evidence-altered', {}, ({ bundle }) => (bundle.subject = 'ctex:other')],
  ['other native bytes', 'evidence-altered', {}, ({ bundle }) => (bundle.native.bytes = base64(Buffer.from('{}')))],
  ['a certified deal without what both signed', 'evidence-missing-part', { deal: 'not-given' }],
  ['a deal that one of them signed', 'evidence-cosignature', { deal: 'one-of-them' }],
  ['what both signed of another deal', 'evidence-cosignature', { deal: 'another-deal' }],
  [
    'what both signed, twice',
    'evidence-malformed',
    { deal: 'both' },
    ({ bundle: { receipts } }) => receipts.push(receipts[1]),
  ],
  ['an unknown format', 'evidence-unknown-format', {}, ({ bundle }) => (bundle.format = 'qiao-evidence/9')],
  ['a member more', 'evidence-malformed', {}, ({ bundle }) => (bundle.note = 'true')],
  ['a member less', 'evidence-missing-part', {}, ({ bundle }) => delete bundle.trust],
  ['base64 with a blank', 'evidence-malformed', {}, ({ bundle }) => (bundle.envelope += ' ')],
  [
    'a chain that nobody used',
    'evidence-malformed',
    {},
    ({ bundle }) => {
      const { signer, chain } = ground.holders.stexSm2;
      bundle.chains.push({ kid: signer.kid, leaf: base64(chain[0]), intermediate: base64(chain[1]) });
    },
  ],
  ['a revocation list that nobody needed', 'evidence-malformed', {}, ({ bundle }) => bundle.crls.push(bundle.crls[0])],
];

for (const [what, code, change, alter] of causes) {
  test(`${what}: ${code}`, async () => {
    const built = await build(ground, change);
    alter?.(built);
    expect(codeOf(built)).toBe(code);
  });
}

describe('against another checkpoint of the log', () => {
  const grown = async () => {
    const built = await build(ground);
    const all = (await build(ground, { more: 5 })).leaves;
    return { built, all: [...built.leaves, ...all.slice(built.leaves.length)] };
  };

  test.each([3, 5, 7, 8, 11, 13])('one of %i leaves with its consistency proof is of the same log', async (size) => {
    const { built, all } = await grown();
    built.bundle.other = otherCheckpoint(built, size, all);
    expect(codeOf(built, built.bundle.other.checkpoint)).toBe('verified');
  });

  test('without the proof for it nothing can be said', async () => {
    const { built, all } = await grown();
    expect(codeOf(built, otherCheckpoint(built, 5, all).checkpoint)).toBe('evidence-missing-part');
  });

  test('another tree of the same size, and one that does not continue it, are a fork', async () => {
    const { built, all } = await grown();
    const changed = all.map((leaf, i) => (i === 1 ? Buffer.concat([leaf, Buffer.of(0)]) : leaf));
    expect(codeOf(built, built.note(changed.slice(0, 8)))).toBe('evidence-forked-log');
    for (const size of [5, 13]) {
      built.bundle.other = otherCheckpoint(built, size, all);
      built.bundle.other.checkpoint = built.note(changed.slice(0, size));
      expect(codeOf(built)).toBe('evidence-forked-log');
      built.bundle.other = otherCheckpoint(built, size, all);
      expect(codeOf(built, built.note(changed.slice(0, size)))).toBe('evidence-forked-log');
    }
  });

  test('one that the log did not sign says nothing', async () => {
    const { built } = await grown();
    expect(codeOf(built, built.note(built.leaves, [noteKey('qiao/log', 'log')]))).toBe('evidence-altered');
    expect(codeOf(built, 'no note at all')).toBe('evidence-altered');
  });
});

/** Every string and number of the bundle, by pointer. */
function membersOf(value: unknown, at = ''): readonly string[] {
  if (value === null) return [];
  if (typeof value !== 'object') return [at];
  return Object.entries(value).flatMap(([name, one]) => membersOf(one, `${at}/${name}`));
}

function change(bundle: object, pointer: string, to: (value: unknown) => unknown): string {
  const copy = structuredClone(bundle) as Record<string, unknown>;
  const steps = pointer.split('/').slice(1);
  const last = steps.pop()!;
  const holder = steps.reduce((inner, step) => inner[step] as Record<string, unknown>, copy);
  holder[last] = to(holder[last]);
  return JSON.stringify(copy);
}

describe('whatever is altered', () => {
  const isBase64 = (text: string) =>
    /^[A-Za-z0-9+/]{24,}={0,2}$/.test(text) && base64(Buffer.from(text, 'base64')) === text;

  test.each(['ctex', 'stex'] as const)(
    'any byte of any member of a %s bundle: it is refused with a code',
    async (exchange) => {
      const built = await build(ground, { exchange, deal: 'both' });
      const all = (await build(ground, { exchange, deal: 'both', more: 5 })).leaves;
      built.bundle.other = otherCheckpoint(built, 11, [...built.leaves, ...all.slice(built.leaves.length)]);
      expect(codeOf(built)).toBe('verified');
      const anchor = anchorOf(built);
      const members = membersOf(built.bundle);
      const alter = (value: unknown, at: number, xor: number): unknown => {
        if (typeof value === 'number') return value + xor;
        const text = String(value);
        const isBytes = isBase64(text);
        const bytes = Buffer.from(text, isBytes ? 'base64' : 'utf8');
        if (bytes.length === 0) return 'x';
        bytes[at % bytes.length]! ^= xor;
        const altered = bytes.toString(isBytes ? 'base64' : 'utf8');
        return altered === text ? `${text}x` : altered;
      };
      const arbitrary = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 127 }));
      const codes = new Set<string>();
      for (const pointer of members) {
        for (const [at, xor] of fc.sample(arbitrary, { numRuns: 3, seed })) {
          const altered = change(built.bundle, pointer, (value) => alter(value, at, xor));
          const verdict = verifyEvidence(Buffer.from(altered), anchor, tools);
          const shown = { seed, pointer, at, xor };
          expect({ ...shown, ok: verdict.ok }).toEqual({ ...shown, ok: false });
          if (!verdict.ok) codes.add(verdict.code);
        }
      }
      const known = evidenceCatalogue().map(({ code }) => code as string);
      for (const code of codes) expect(known).toContain(code);
    },
  );

  test('any member taken away or made null: it is refused', async () => {
    const built = await build(ground, { exchange: 'stex' });
    const anchor = anchorOf(built);
    const nodesOf = (value: unknown, at = ''): readonly string[] =>
      value === null || typeof value !== 'object'
        ? []
        : Object.entries(value).flatMap(([name, one]) => [`${at}/${name}`, ...nodesOf(one, `${at}/${name}`)]);
    for (const pointer of nodesOf(built.bundle)) {
      if (pointer === '/other') continue;
      for (const to of [undefined, null]) {
        const verdict = verifyEvidence(Buffer.from(change(built.bundle, pointer, () => to)), anchor, tools);
        // A receipt that was never put in is not missed: the bundle then says less, and nothing false.
        expect([pointer, to, verdict.ok]).toEqual([pointer, to, false]);
      }
    }
  });

  test('any bytes at all: never an exception', async () => {
    const built = await build(ground);
    const anchor = anchorOf(built);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(verifyEvidence(bytes, anchor, tools).ok).toBe(false);
        },
      ),
      { seed, numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...membersOf(built.bundle)), fc.jsonValue(), (pointer, value) => {
        const altered = Buffer.from(change(built.bundle, pointer, () => value));
        expect(() => verifyEvidence(altered, anchor, tools)).not.toThrow();
      }),
      { seed, numRuns: 200 },
    );
  });
});
