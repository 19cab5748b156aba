import type { Adapter } from '../src/contract/adapter.ts';
import { ctex } from './ctex/adapter.ts';
import { stex } from './stex/adapter.ts';
import { szse } from './szse/adapter.ts';

/** The exchanges of the federation. A fourth one is a fourth folder and a fourth entry here. */
export const adapters: readonly Adapter[] = [ctex, stex, szse];
