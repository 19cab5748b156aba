import fc from 'fast-check';
import { decode } from '../../../adapters/ctex/decode.ts';
import { encode } from '../../../adapters/ctex/encode.ts';
import type { Frame } from '../../../src/contract/adapter.ts';
import type { Json } from '../../../src/contract/json.ts';
import type { Kind } from '../../../src/contract/message.ts';
import { parseMessage } from '../../../src/contract/parse.ts';
import { messageOf } from '../../support/messages.ts';
import { expressed, without } from './comparing.ts';

const frame: Frame = { requestId: 'r-1', at: '2026-03-02T09:30:00+08:00' };
const kinds: readonly Kind[] = [
  'listing',
  'listing-state',
  'interest',
  'interest-decision',
  'bid',
  'deal',
  'deal-confirmed',
  'funds',
];

describe('unified → CTEX → unified', () => {
  test.each(kinds)('every %s that CTEX can express comes back as it went', (kind) => {
    fc.assert(
      fc.property(messageOf(kind, { for: 'ctex' }), (message) => {
        const encoded = encode(message, frame);
        if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
        expect(encoded.value.loss).toEqual([]);
        const decoded = decode(encoded.value.request.bytes);
        if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
        expect(expressed(decoded.value)).toEqual(message);
      }),
      { numRuns: 300 },
    );
  });

  test.each(kinds)('any %s is either refused or comes back as it went but for the loss listed', (kind) => {
    fc.assert(
      fc.property(messageOf(kind), (message) => {
        const encoded = encode(message, frame);
        if (!encoded.ok) {
          expect(encoded.refusals.map(({ code }) => code)).toEqual(encoded.refusals.map(() => 'not-expressible'));
          return;
        }
        // Days counted between the two dates are added where the message left them out.
        const lost = [...encoded.value.loss.map(({ pointer }) => pointer), '/disclosure/days', '/disclosure/dayKind'];
        const decoded = decode(encoded.value.request.bytes);
        if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
        expect(without(expressed(decoded.value) as Json, lost)).toEqual(without(message as unknown as Json, lost));
      }),
      { numRuns: 500 },
    );
  });

  test.each(kinds)('a %s leaves in the shape of its profile, the request id first', (kind) => {
    fc.assert(
      fc.property(messageOf(kind, { for: 'ctex' }), (message) => {
        const encoded = encode(message, frame);
        if (!encoded.ok) throw new Error(JSON.stringify(encoded.refusals));
        const { request } = encoded.value;
        const native = JSON.parse(Buffer.from(request.bytes).toString('utf8')) as Record<string, unknown>;
        if (request.path === undefined)
          expect(Object.keys(native)).toEqual(['eventId', 'eventType', 'occurTime', 'data']);
        else {
          expect(Object.keys(native)[0]).toBe('requestId');
          expect(request.path).toMatch(/^\/openapi\/v2\/[!-~]+$/);
        }
        expect(request.id).toBe('r-1');
      }),
    );
  });
});

describe('CTEX → unified → CTEX', () => {
  test.each(kinds)('what CTEX sent for a %s is given back exactly', (kind) => {
    const host = kind === 'interest' || kind === 'bid' || kind === 'deal-confirmed';
    fc.assert(
      fc.property(messageOf(kind, { for: 'ctex', ...(host ? { host: 'ctex' } : { home: 'ctex' }) }), (message) => {
        const sent = encode(message, frame);
        if (!sent.ok) throw new Error(JSON.stringify(sent.refusals));
        const decoded = decode(sent.value.request.bytes);
        if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
        expect(parseMessage(decoded.value as never).ok).toBe(true);
        const back = encode(decoded.value, { ...frame, requestId: 'another', at: '2026-03-03T10:00:00+08:00' });
        if (!back.ok) throw new Error(JSON.stringify(back.refusals));
        expect(Buffer.from(back.value.request.bytes).toString()).toBe(Buffer.from(sent.value.request.bytes).toString());
        expect(back.value.loss).toEqual([]);
      }),
    );
  });
});
