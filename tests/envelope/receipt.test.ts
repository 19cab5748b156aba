import fc from 'fast-check';
import { signEnvelope, type VerifiedEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { type Receipt, receivedFor, signReceipt, verifyReceipt } from '../../src/envelope/receipt.ts';
import { atMs, handMade, header, testKey, trusting } from './keys.ts';

const ctex = testKey('ctex', 'Ed25519');
const stex = testKey('stex', 'ES256');
const qiao = testKey('qiao', 'Ed25519');
const trust = trusting(ctex.entry, stex.entry, qiao.entry);
const iat = header().iat + 1;

const verified = async (jti: string): Promise<VerifiedEnvelope> => {
  const opened = verifyEnvelope(await signEnvelope(Buffer.from('{}'), header({ jti }), [ctex.signer]), trust, { atMs });
  if (!opened.ok) throw new Error(opened.en);
  return opened;
};
const of = await verified('ctex:EV-0001');
const base = { iss: 'stex', aud: 'ctex', iat, message: of.header.jti, envelope: of.digest } as const;
const receipts: readonly Receipt[] = [
  receivedFor(of, 'qiao', iat),
  { ...base, receipt: 'accepted', number: 'JX-2026-7' },
  { ...base, receipt: 'accepted', number: null },
  { ...base, receipt: 'refused', codes: ['soe-venue', 'mode-unsupported'] },
  { ...base, receipt: 'settled', iss: 'qiao', reference: 'batch 2026-03-02/1' },
];
const keyOf = (receipt: Receipt) => (receipt.iss === 'qiao' ? qiao : stex);
const options = { atMs: atMs + 2000, of };

describe('receipts', () => {
  test.each(receipts.map((receipt) => [receipt.receipt, receipt] as const))(
    '%s: read back as signed',
    async (_, receipt) => {
      const bytes = await signReceipt(receipt, [keyOf(receipt).signer]);
      expect(verifyReceipt(bytes, trust, options)).toMatchObject({ ok: true, receipt });
    },
  );

  test('received countersigns id, digest and the origin’s own signatures', async () => {
    const receipt = receivedFor(of, 'qiao', iat);
    expect(receipt.signatures).toEqual(of.signatures.map((s) => s.signature));
    const other = { ...receipt, signatures: ['A'.repeat(86)] };
    const bytes = await signReceipt(other, [qiao.signer]);
    expect(verifyReceipt(bytes, trust, options)).toMatchObject({
      code: 'receipt-mismatch',
      pointer: '/payload/signatures',
    });
  });

  test('a receipt for one message proves nothing about another', async () => {
    const another = await verified('ctex:EV-0002');
    for (const receipt of receipts) {
      const bytes = await signReceipt(receipt, [keyOf(receipt).signer]);
      expect(verifyReceipt(bytes, trust, { ...options, of: another })).toMatchObject({ code: 'receipt-mismatch' });
    }
  });

  test('a receipt for the same id with other bytes does not fit', async () => {
    const other = await signEnvelope(Buffer.from('{"other":1}'), header(), [ctex.signer]);
    const opened = verifyEnvelope(other, trust, { atMs });
    if (!opened.ok) throw new Error(opened.en);
    for (const receipt of receipts) {
      const bytes = await signReceipt(receipt, [keyOf(receipt).signer]);
      const result = verifyReceipt(bytes, trust, { ...options, of: opened });
      expect(result).toMatchObject({ code: 'receipt-mismatch', pointer: '/payload/envelope' });
    }
  });

  test('only the gateway countersigns and settles, only a recipient accepts or refuses, only the origin is told', async () => {
    const stranger = testKey('bjex', 'Ed25519');
    const everyone = trusting(ctex.entry, stex.entry, qiao.entry, stranger.entry);
    const byStex = await signReceipt({ ...receivedFor(of, 'qiao', iat), iss: 'stex' }, [stex.signer]);
    expect(verifyReceipt(byStex, trust, options)).toMatchObject({ code: 'receipt-mismatch' });
    const accepted = { ...base, receipt: 'accepted', number: null } as const;
    const byStranger = await signReceipt({ ...accepted, iss: 'bjex' }, [stranger.signer]);
    expect(verifyReceipt(byStranger, everyone, options)).toMatchObject({ code: 'receipt-mismatch' });
    const elsewhere = await signReceipt({ ...accepted, aud: 'szse' }, [stex.signer]);
    expect(verifyReceipt(elsewhere, trust, options)).toMatchObject({ code: 'receipt-mismatch' });
  });

  test('an envelope is no receipt and a receipt is no envelope', async () => {
    const receipt = await signReceipt(receivedFor(of, 'qiao', iat), [qiao.signer]);
    expect(verifyEnvelope(receipt, trust)).toMatchObject({ ok: false });
    const envelope = await signEnvelope(Buffer.from('{}'), header(), [ctex.signer]);
    expect(verifyReceipt(envelope, trust)).toMatchObject({ ok: false });
  });

  test('with any one byte changed is refused, and nothing is thrown', async () => {
    const bytes = await signReceipt(receivedFor(of, 'qiao', iat), [qiao.signer]);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(bytes);
        changed[at]! ^= change;
        expect(verifyReceipt(changed, trust, options).ok).toBe(false);
      }),
      { numRuns: 600 },
    );
  });

  test.each([
    ['another receipt’s member', { receipt: 'accepted', codes: ['x'] }, 'missing-member'],
    ['two receipts in one', { receipt: 'accepted', number: null, codes: ['x'] }, 'unlisted-member'],
    ['an unknown receipt', { receipt: 'delivered', number: null }, 'malformed-member'],
    ['no codes', { receipt: 'refused', codes: [] }, 'malformed-member'],
    ['a control character', { receipt: 'settled', reference: 'a\nb' }, 'malformed-member'],
  ])('well signed, but with %s: refused', (_, body, code) => {
    const text = JSON.stringify({
      alg: 'ES256',
      kid: stex.signer.kid,
      typ: 'fed-receipt+jws',
      iss: 'stex',
      aud: 'ctex',
      iat,
    });
    const content = Buffer.from(JSON.stringify({ message: 'm', envelope: 'a'.repeat(64), ...body }));
    expect(verifyReceipt(Buffer.from(handMade(text, content, stex.signer.sign)), trust)).toMatchObject({ code });
  });

  test('one that its origin would not take is never signed by us', async () => {
    const refused = signReceipt({ ...base, receipt: 'refused', codes: [] }, [stex.signer]);
    await expect(refused).rejects.toThrow('assertion');
    const accepted = signReceipt({ ...base, receipt: 'accepted', number: null, envelope: 'x' }, [stex.signer]);
    await expect(accepted).rejects.toThrow('assertion');
  });
});
