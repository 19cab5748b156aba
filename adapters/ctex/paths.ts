import type { Frame } from '../../src/contract/adapter.ts';
import { nativeIdOf } from '../../src/contract/exchange.ts';
import type { Message } from '../../src/contract/message.ts';

const BASE = '/openapi/v2';

/** Method and path of the gateway's request; undefined where a number cannot stand in a path. */
export function pathOf(message: Message, frame: Frame): { method: 'POST' | 'PUT'; path: string } | undefined {
  const to = (path: string, number?: string, rest = ''): ReturnType<typeof pathOf> => {
    if (number === undefined) return { method: 'POST', path: `${BASE}/${path}` };
    const step = pathStep(number);
    return step === undefined ? undefined : { method: 'POST', path: `${BASE}/${path}/${step}${rest}` };
  };
  switch (message.kind) {
    case 'listing': {
      const target = to('mirror/projects', frame.mirror);
      return target === undefined || frame.mirror === undefined ? target : { ...target, method: 'PUT' };
    }
    case 'listing-state':
      return 'mirror' in message.listing
        ? to('mirror/projects', nativeIdOf(message.listing.mirror), '/state')
        : undefined;
    case 'interest':
      return to('intents');
    case 'interest-decision':
      return to('intents', nativeIdOf(message.interest), '/result');
    case 'bid':
      return to('quotes');
    case 'deal':
      return to('deals');
    case 'deal-confirmed':
      return to('deals', nativeIdOf(message.deal), '/confirm');
    case 'funds':
      return to('funds');
    default:
      return undefined;
  }
}

/** One step of a path; `.` and `..` would be walked instead of named, lone surrogates have no UTF-8. */
export function pathStep(number: string): string | undefined {
  if (/^\.\.?$/.test(number)) return undefined;
  try {
    return encodeURIComponent(number);
  } catch {
    return undefined;
  }
}
