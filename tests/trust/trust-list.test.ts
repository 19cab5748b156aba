import fc from 'fast-check';
import { signJws } from '../../src/envelope/jws.ts';
import { nativeSm2 } from '../../src/trust/sm2.ts';
import { OPERATORS, parseAnchor, writeAnchor } from '../../src/trust/trust-anchor.ts';
import { type LocalTrustList, readPayload, readTrustList, type TrustPayload } from '../../src/trust/trust-list.ts';
import { openLiveTrust } from '../../src/trust/trust-list-live.ts';
import type { LinkRecord, TrustRecord } from '../../src/trust/trust-list-records.ts';
import { successionFault } from '../../src/trust/trust-list-succession.ts';
import { joinSignatures, signTrustList, writePayload } from '../../src/trust/trust-list-write.ts';
import { linkRecord, makeOperators, nextList, signNext, TERM, trustRecord } from '../support/trust.ts';

const operators = makeOperators();
const { anchor, a, b, mallory } = operators;
const ctex = trustRecord('ctex', 'Ed25519');
const stex = trustRecord('stex', 'SM2-SM3', { sm2Id: '1234567812345678' });
const link = linkRecord('szse', 'exchange');
let first: LocalTrustList;
beforeAll(async () => {
  first = await nextList(operators, undefined, { entries: [ctex, stex], links: [link] });
});

const read = (bytes: Uint8Array) => readTrustList(bytes, anchor, nativeSm2);
const codesOf = (bytes: Uint8Array) => {
  const result = read(bytes);
  return result.ok ? [] : result.faults.map(({ code, pointer }) => `${code} ${pointer}`);
};
const at = (text: string) => Date.parse(text);

describe('a trust list is in order only under the signatures of two distinct operators', () => {
  it('two are enough, in either order of signing', async () => {
    expect(first.operators).toEqual(['a', 'b']);
    const payload = first.payload;
    const [one, other] = [await signTrustList(payload, [a]), await signTrustList(payload, [b])];
    expect(joinSignatures(one, other)).toEqual(joinSignatures(other, one));
    expect(codesOf(joinSignatures(one, other)!)).toEqual([]);
    expect(joinSignatures(one, await signNext(operators, first, {}, [b]))).toBeUndefined();
  });

  it('one is not, nor one twice, nor a stranger beside one', async () => {
    expect(codesOf(await signNext(operators, undefined, {}, [a]))).toEqual(['operators-too-few /signatures']);
    expect(codesOf(await signNext(operators, undefined, {}, [a, a]))).toEqual(['signature-order /signatures/1']);
    const strange = await signNext(operators, undefined, {}, [a, mallory]);
    expect(codesOf(strange)).toEqual([expect.stringMatching(/^kid-unknown \/signatures\/[01]\/protected\/kid$/)]);
  });

  it('an envelope, or anything else they signed, is no trust list', async () => {
    const envelope = await signJws(writePayload(first.payload), { typ: 'fed-msg+jws', iss: OPERATORS }, [a, b]);
    expect(codesOf(envelope)).toEqual(['typ-unexpected /signatures/0/protected/typ']);
    const proposal = await signJws(writePayload(first.payload), { typ: 'fed-proposal+jws', iss: OPERATORS }, [a, b]);
    expect(codesOf(proposal)).toEqual(['typ-unexpected /signatures/0/protected/typ']);
  });

  it('with any single byte altered it is refused, and nothing throws', () => {
    const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };
    fc.assert(
      fc.property(fc.nat(first.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const altered = Buffer.from(first.bytes);
        altered[index]! ^= change;
        expect(read(altered).ok).toBe(false);
      }),
      { ...seed, numRuns: 300 },
    );
  });
});

describe('what is in it', () => {
  const faults = (change: object) => {
    const payload = readPayload(Buffer.from(JSON.stringify({ ...first.payload, ...change })), nativeSm2);
    return payload.ok ? [] : payload.faults.map(({ code, pointer }) => `${code} ${pointer}`);
  };
  const entry = (change: object) => faults({ entries: [{ ...ctex, ...change }] });
  const other = (change: object) => faults({ links: [{ ...link, ...change }] });

  it('is read strictly, every fault named with its place', () => {
    expect(faults({})).toEqual([]);
    expect(faults({ format: 'qiao-trust-list/1' })).toEqual(['unknown-kind /format']);
    expect(faults({ version: 0, issuedAt: '2026-13-01T00:00:00+08:00' })).toEqual(
      expect.arrayContaining(['bad-format /version', 'bad-format /issuedAt', 'bad-format /prev']),
    );
    expect(faults({ version: 2 })).toEqual(['bad-format /prev']);
    expect(faults({ prev: '0'.repeat(64) })).toEqual(['bad-format /prev']);
    expect(faults({ note: '' })).toEqual(['unknown-field ']);
    expect(faults({ entries: {}, links: null })).toEqual(['wrong-type /entries', 'wrong-type /links']);
    expect(faults({ entries: [null, 7], links: ['x'] })).toEqual([
      'wrong-type /entries/0',
      'wrong-type /entries/1',
      'wrong-type /links/0',
    ]);
    expect(entry({ d: 'secret' })).toEqual(['unknown-field /entries/0']);
    expect(entry({ spki: undefined })).toEqual(['missing-field /entries/0/spki']);
    expect(entry({ notAfter: '2026-12-01T00:00:00Z' })).toEqual(['bad-format /entries/0/notAfter']);
    expect(entry({ notAfter: ctex.notBefore })).toEqual(['inconsistent /entries/0/notAfter']);
    expect(entry({ status: 'revoked' })).toEqual(['inconsistent /entries/0/revokedAt']);
    expect(entry({ revokedAt: ctex.notBefore })).toEqual(['inconsistent /entries/0/revokedAt']);
    expect(entry({ sm2Id: '1234567812345678' })).toEqual(['inconsistent /entries/0/sm2Id']);
    expect(entry({ chain: [ctex.spki, ctex.spki] })).toEqual(['inconsistent /entries/0/chain']);
    expect(entry({ spki: `${ctex.spki.slice(0, -2)}B=` })).toEqual(['bad-format /entries/0/spki']);
  });

  it('a key has one owner, one id and one algorithm', () => {
    expect(entry({ alg: 'HS256' })).toEqual(['bad-format /entries/0/alg']);
    expect(entry({ alg: 'ES256' })).toEqual(['bad-format /entries/0/kid']);
    const asEs256 = { ...ctex, alg: 'ES256', kid: ctex.kid.replace('ed25519', 'es256') };
    expect(faults({ entries: [asEs256] })).toEqual(['bad-format /entries/0/spki']);
    expect(entry({ participant: 'stex' })).toEqual(['bad-format /entries/0/kid']);
    expect(faults({ entries: [ctex, ctex] })).toEqual(['duplicate-key /entries/1/kid']);
    const again = { ...ctex, participant: 'szse', kid: ctex.kid.replace('ctex', 'szse') };
    expect(faults({ entries: [ctex, again] })).toEqual(['duplicate-key /entries/1/spki']);
    const p256 = trustRecord('szse', 'ES256');
    const both = { ...link, spki: p256.spki, kid: p256.kid.replace('szse:', 'link:szse:exchange:') };
    expect(faults({ entries: [p256], links: [both] })).toEqual(['duplicate-key /links/0/spki']);
    expect(other({ alg: 'RS256' })).toEqual(['bad-format /links/0/kid']);
    expect(other({ side: 'gateway' })).toEqual(['bad-format /links/0/kid']);
    expect(other({ alg: 'RS256', kid: link.kid.replace('es256', 'rs256') })).toEqual(['bad-format /links/0/spki']);
  });
});

describe('versions', () => {
  const next = (change: Partial<TrustPayload>) => nextList(operators, first, change);
  const faultOf = async (change: Partial<TrustPayload>) => successionFault(await next(change), first)?.code;
  const later = '2026-03-02T10:00:00+08:00';

  it('follow each other by number and digest: a rollback, a fork, a gap, a foreign past are refused', async () => {
    expect(successionFault(first, first)).toBeUndefined();
    const second = await next({ issuedAt: later });
    expect(successionFault(second, first)).toBeUndefined();
    expect(successionFault(first, second)?.code).toBe('list-rolled-back');
    const fork = await next({ issuedAt: '2026-03-02T10:00:01+08:00' });
    expect(successionFault(fork, second)?.code).toBe('list-forked');
    expect(successionFault(await nextList(operators, second, {}), first)?.code).toBe('list-gap');
    expect(await faultOf({ prev: 'f'.repeat(64) })).toBe('list-unchained');
    expect(await faultOf({ issuedAt: '2025-12-31T00:00:00+08:00' })).toBe('past-rewritten');
  });

  it('add, end and revoke keys from their own moment on', async () => {
    const added = trustRecord('szse', 'Ed25519');
    expect(await faultOf({ issuedAt: later, entries: [...first.records, added] })).toBeUndefined();
    const ended = { ...ctex, notAfter: '2026-03-10T00:00:00+08:00' };
    expect(await faultOf({ issuedAt: later, entries: [ended, stex] })).toBeUndefined();
    const revoked = { ...ctex, status: 'revoked', revokedAt: later } as const;
    expect(await faultOf({ issuedAt: later, entries: [revoked, stex] })).toBeUndefined();
    const revokedLink = { ...link, status: 'revoked', revokedAt: later } as const;
    expect(await faultOf({ issuedAt: later, links: [revokedLink] })).toBeUndefined();
  });

  it.each<[string, (record: TrustRecord) => readonly TrustRecord[]]>([
    ['a key that disappears', () => []],
    ['a key that lasts longer', (record) => [{ ...record, notAfter: '2028-01-01T00:00:00+08:00' }]],
    ['a key that begins earlier', (record) => [{ ...record, notBefore: '2025-01-01T00:00:00+08:00' }]],
    ['a key that ended before now', (record) => [{ ...record, notAfter: '2026-03-01T00:00:00+08:00' }]],
    [
      'a revocation in the past, which would undo what was relied on',
      (record) => [{ ...record, status: 'revoked', revokedAt: '2026-03-01T00:00:00+08:00' }],
    ],
  ])('never rewrite the past: %s is refused', async (_, change) => {
    expect(await faultOf({ issuedAt: later, entries: [...change(ctex), stex] })).toBe('past-rewritten');
  });

  it('never take a revocation back, nor move it', async () => {
    const revoked = { ...ctex, status: 'revoked', revokedAt: later } as const;
    const second = await next({ issuedAt: later, entries: [revoked, stex] });
    const third = (record: TrustRecord, change: Partial<TrustPayload> = {}) =>
      nextList(operators, second, { issuedAt: later, entries: [record, stex], ...change });
    expect(successionFault(await third(revoked), second)).toBeUndefined();
    expect(successionFault(await third(ctex), second)?.code).toBe('past-rewritten');
    const moved = { ...revoked, revokedAt: '2026-04-01T00:00:00+08:00' };
    expect(successionFault(await third(moved), second)?.code).toBe('past-rewritten');
    const gone: readonly LinkRecord[] = [];
    expect(successionFault(await third(revoked, { links: gone }), second)?.code).toBe('past-rewritten');
  });
});

describe('a key at an instant', () => {
  it('counts from its beginning up to its end, not including it, and before its revocation only', async () => {
    const revokedAt = '2026-06-01T12:00:00+08:00';
    const list = await nextList(operators, undefined, {
      entries: [{ ...ctex, status: 'revoked', revokedAt }, stex],
      links: [link],
    });
    const valid = (kid: string, instant: string) => list.validAt(kid, at(instant)) !== undefined;
    expect(valid(ctex.kid, '2025-12-31T23:59:59+08:00')).toBe(false);
    expect(valid(ctex.kid, TERM.notBefore)).toBe(true);
    expect(valid(ctex.kid, '2026-06-01T11:59:59+08:00')).toBe(true);
    expect(valid(ctex.kid, revokedAt)).toBe(false);
    expect(valid(stex.kid, '2026-12-31T23:59:59+08:00')).toBe(true);
    expect(valid(stex.kid, TERM.notAfter)).toBe(false);
    expect(valid('ctex:ed25519:0000000000000000', TERM.notBefore)).toBe(false);
    expect(list.validAt(stex.kid, Number.NaN)).toBeUndefined();
    const links = (instant: string) => list.linkKeysAt('szse', 'exchange', at(instant)).map(({ kid }) => kid);
    expect([links(TERM.notBefore), links(TERM.notAfter)]).toEqual([[link.kid], []]);
    expect(list.linkKeysAt('szse', 'gateway', at(TERM.notBefore))).toEqual([]);
  });
});

describe('the list in force', () => {
  it('is swapped as a whole, and everybody is told, also when one of them fails', async () => {
    const faults: unknown[] = [];
    const trust = openLiveTrust(first, (error) => faults.push(error));
    const told: string[] = [];
    const end = trust.onChange(() => told.push(`first v${trust.current.version}`));
    trust.onChange(() => {
      throw new Error('a listener of ours');
    });
    trust.onChange(() => told.push(`last v${trust.current.version}`));
    const second = await nextList(operators, first, { entries: [...first.records, trustRecord('szse', 'Ed25519')] });
    trust.swap(second);
    end();
    trust.touch();
    expect(told).toEqual(['first v2', 'last v2', 'last v2']);
    expect([faults.length, trust.generation]).toEqual([2, 2]);
    expect(trust.find(second.records[2]!.kid)).toBeDefined();
  });
});

describe('the trust anchor', () => {
  const faults = (change: object) => {
    const parsed = parseAnchor(Buffer.from(JSON.stringify({ ...anchor, ...change })));
    return parsed.ok ? [] : parsed.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
  };

  it('is read back as written, and strictly', () => {
    expect(parseAnchor(Buffer.from(writeAnchor(anchor)))).toEqual({ ok: true, value: anchor });
    const [one, two] = anchor.operators;
    expect(faults({})).toEqual([]);
    expect(faults({ extra: 1 })).toEqual(['unknown-field ']);
    expect(faults({ demo: 'no' })).toEqual(['bad-format /demo']);
    expect(faults({ roots: [] })).toEqual(['bad-format /roots']);
    expect(faults({ operatorQuorum: 1 })).toEqual(['bad-format /operatorQuorum']);
    expect(faults({ operatorQuorum: 3 })).toEqual(['bad-format /operatorQuorum']);
    expect(faults({ operators: [one, { ...two, spki: one!.spki }] })).toEqual(['bad-format /operators']);
    expect(faults({ operators: [one, { ...two, name: one!.name }] })).toEqual(['bad-format /operators']);
    expect(faults({ operators: [one, { ...two, spki: trustRecord('x1', 'ES256').spki }] })).toEqual([
      'bad-format /operators',
    ]);
    expect(faults({ quorum: 2 })).toEqual(['bad-format /log']);
    expect(faults({ log: { origin: 'other/log', keys: anchor.log.keys } })).toEqual(['bad-format /log']);
    expect(faults({ witnesses: [{ exchange: 'ctex', key: 'x' }] })).toEqual(['bad-format /log']);
    for (const bad of ['', '[]', '7', '{}', '{"format":"qiao-trust-anchor/1"}', '\u0000']) {
      expect(parseAnchor(Buffer.from(bad)).ok).toBe(false);
    }
  });
});
