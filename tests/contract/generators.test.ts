import fc from 'fast-check';
import { exchanges } from '../../src/contract/exchange.ts';
import { kinds } from '../../src/contract/message.ts';
import { parseMessage, parseMessageBytes } from '../../src/contract/parse.ts';
import { messageOf } from '../support/messages.ts';

describe('generated messages', () => {
  test.each(kinds)('every generated %s is a valid unified message', (kind) => {
    fc.assert(
      fc.property(messageOf(kind), (message) => {
        expect(parseMessage(message as never)).toEqual({ ok: true, value: message });
      }),
      { numRuns: 300 },
    );
  });

  test.each(kinds)('every generated %s survives being written to bytes and read', (kind) => {
    fc.assert(
      fc.property(messageOf(kind), (message) => {
        expect(parseMessageBytes(Buffer.from(JSON.stringify(message)))).toEqual({ ok: true, value: message });
      }),
    );
  });

  test.each(exchanges.flatMap((exchange) => kinds.map((kind) => [exchange, kind] as const)))(
    'every message generated for %s (%s) is valid',
    (exchange, kind) => {
      fc.assert(
        fc.property(messageOf(kind, { for: exchange }), (message) => {
          expect(parseMessage(message as never)).toEqual({ ok: true, value: message });
        }),
      );
    },
  );
});
