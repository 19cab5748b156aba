import fc from 'fast-check';
import type { Message } from '../../../src/contract/message.ts';
import { messageOf } from '../../support/messages.ts';

/** Holders are one field, separated by `;` (README of the adapter). */
const options = { for: 'szse', can: { maxHolders: 3, separators: ';,' } } as const;

/** Kinds that SZSE has messages for. */
export const spoken = [
  'listing',
  'listing-state',
  'interest',
  'interest-decision',
  'bid',
  'deal',
  'deal-confirmed',
  'funds',
] as const;

const times = { 'listing-state': 'at', 'interest-decision': 'decidedAt' } as const;

/** Messages that SZSE can say, with everything its tables have a row for. */
export function sayable(kind: (typeof spoken)[number]): fc.Arbitrary<Message> {
  const plain = messageOf(kind, options) as fc.Arbitrary<Message>;
  const key = kind === 'listing-state' || kind === 'interest-decision' ? times[kind] : undefined;
  const at = fc.option(fc.constant('2026-03-02T09:30:00.250+08:00'), { nil: undefined });
  return fc.tuple(plain, at, fc.boolean()).map(([message, one, isVersioned]) => {
    const timed = key === undefined || one === undefined ? message : { ...message, [key]: one };
    if (!isVersioned || !VERSIONED.has(kind)) return timed;
    return { ...timed, listing: { ...(timed as { listing: object }).listing, version: 3 } } as Message;
  });
}

const VERSIONED = new Set<string>(['listing-state', 'interest', 'bid']);

/** Without what only one exchange says. */
export function common(message: Message): unknown {
  const { extensions: _, ...rest } = message as Message & { extensions?: unknown };
  return rest;
}
