import type { Exchange } from '../src/contract/exchange.ts';
import type { MockExchange } from '../src/contract/mock.ts';
import { openCtexMock } from './ctex/mock.ts';
import { openStexMock } from './stex/mock.ts';
import { openSzseMock } from './szse/mock.ts';

/** The mock exchanges; kept apart from `all.ts` so that a production gateway never loads them. */
export const mocks: Readonly<Record<Exchange, () => MockExchange>> = {
  ctex: openCtexMock,
  stex: openStexMock,
  szse: openSzseMock,
};
