import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { Listing } from '../../src/contract/message.ts';
import type { Queryable } from '../../src/journal/database.ts';
import { keepMessage } from '../http/journal.ts';
import { dealOf, listingNumbered } from '../http/samples.ts';

/** One row, and the exchanges that may see it: said by what happened, not by what the policies say. */
export interface Kept {
  readonly table: string;
  readonly key: string;
  readonly seenBy: readonly Exchange[];
}

/** What stands for a row of each table. */
export const KEYS: Readonly<Record<string, string>> = {
  listing: 'id',
  decision: 'no',
  number: `exchange || '/' || number`,
  interest: 'id',
  bid: 'id',
  deal: 'id',
  funds: 'id',
  message: 'id',
  delivery: 'no',
  receipt: 'no',
  refusal: 'no',
  equivocation: 'no',
  rulebook: `exchange || '/' || version`,
};

/** A market in which every exchange is once home to each other one's host, and everything happened that can. */
export async function fillMarket(db: Queryable): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  const keep = (table: string, key: string | bigint, ...seenBy: readonly Exchange[]) =>
    void kept.push({ table, key: key.toString(), seenBy });
  const insert = async (table: string, row: Readonly<Record<string, unknown>>): Promise<string> => {
    const names = Object.keys(row);
    const { rows } = await db.query<{ key: string }>(
      `insert into ${table} (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})
       returning (${KEYS[table]})::text as key`,
      Object.values(row),
    );
    return rows[0]!.key;
  };
  const say = async (issuer: Exchange, payload: { kind: string }, subject: string, ...seenBy: readonly Exchange[]) => {
    const id = await keepMessage(db, payload, subject, issuer);
    keep('message', id, ...seenBy);
    return id;
  };
  const deliver = async (
    message: string,
    to: Exchange,
    lane: string,
    state: string,
    ...seenBy: readonly Exchange[]
  ) => {
    const open = state === 'dead' || state === 'waiting';
    const row = {
      message,
      exchange: to,
      lane,
      kind: 'listing',
      state,
      open,
      // Nothing is dead without one.
      reason: state === 'dead' ? JSON.stringify([{ code: 'busy', pointer: '', zh: '忙', en: 'busy' }]) : null,
      due_at: new Date(),
      created_at: new Date(),
    };
    keep('delivery', await insert('delivery', row), ...seenBy);
  };
  const decide = async (listing: Listing, host: Exchange, verdict: string, message: string, ...seenBy: Exchange[]) => {
    const row = { listing: listing.id, version: 1, host, verdict, message, body: '{}', current: true };
    keep('decision', await insert('decision', { ...row, decided_at: new Date() }), ...seenBy);
  };
  const number = async (exchange: Exchange, kind: string, id: string, ...seenBy: readonly Exchange[]) => {
    keep('number', await insert('number', { exchange, kind, number: `${exchange}-${kind}-${id}`, id }), ...seenBy);
  };
  const receipt = async (message: string, kind: string, issuer: string, recipient: string, ...seenBy: Exchange[]) => {
    const row = { message, kind, issuer, recipient, bytes: Buffer.from(kind), recorded_at: new Date() };
    keep('receipt', await insert('receipt', row), ...seenBy);
  };

  let serial = 0;
  for (const home of exchanges) {
    const native = { exchange: home, key: 'K', native: Buffer.from('bytes'), at: new Date() };
    keep('refusal', await insert('refusal', { ...native, refusals: '[]' }), home);
    keep('equivocation', await insert('equivocation', { ...native, first_digest: Buffer.from('x') }), home);
    const rules = await say(home, { kind: 'rulebook' }, `rulebook/${home}`, ...exchanges);
    const book = { exchange: home, version: 1, sha256: 'a', body: '{}', message: rules, recorded_at: new Date() };
    keep('rulebook', await insert('rulebook', book), ...exchanges);
    await say(home, { kind: 'statement' }, `statement/${home}/2026-03-02`, home);

    for (const host of exchanges.filter((other) => other !== home)) {
      const third = exchanges.find((other) => other !== home && other !== host)!;
      serial += 1;
      const nativeId = `N-${serial}`;
      const listing = { ...listingNumbered(serial), id: `${home}:${nativeId}`, home, nativeId };
      const list = async (message: string, ...seenBy: readonly Exchange[]) => {
        const { id, version, status, title, mode } = listing;
        const row = { id, home, version, status, title, mode, message, hosts: [host], assets: [] };
        keep('listing', await insert('listing', { ...row, updated_at: new Date() }), ...seenBy);
      };
      // Shown at the host; the third one's rules (or the home's) said no, and it never hears of it.
      const shown = await say(home, listing, listing.id, home, host);
      await list(shown, home, host);
      await deliver(shown, host, listing.id, 'accepted', home, host);
      await decide(listing, host, 'relay', shown, home, host);
      await decide(listing, third, 'refuse', shown, home);
      await number(host, 'listing', listing.id, home, host);
      await receipt(shown, 'accepted', host, host, home, host);
      await say(host, { kind: 'listing-mirrored' }, listing.id, home, host);

      // A buyer at the host.
      const interest = `${host}:I-${serial}`;
      const asked = await say(host, { kind: 'interest' }, listing.id, home, host);
      const party = { listing: listing.id, host, message: asked };
      const row = { id: interest, ...party, buyer_key: 'b', status: 'submitted', updated_at: new Date() };
      keep('interest', await insert('interest', row), home, host);
      await deliver(asked, home, listing.id, 'dead', home, host);
      await number(home, 'interest', interest, home, host);
      keep('bid', await insert('bid', { id: `${host}:B-${serial}`, ...party, amount_fen: 1n }), home, host);

      const deal = { ...dealOf(listing), id: `${home}:D-${serial}`, home, host };
      const concluded = await say(home, deal, listing.id, home, host);
      const price = { price_fen: 1n, due_fen: 1n, digest: Buffer.from('d'), message: concluded };
      const dealRow = { id: deal.id, version: 1, listing: listing.id, home, host, status: 'concluded', ...price };
      keep('deal', await insert('deal', { ...dealRow, updated_at: new Date() }), home, host);
      await deliver(concluded, host, listing.id, 'accepted', home, host);
      const paid = await say(host, { kind: 'funds' }, listing.id, home, host);
      const money = { amount_fen: 1n, message: paid };
      const price1 = { id: `${host}:F-${serial}`, deal: deal.id, interest: null, leg: 'price-paid', ...money };
      const deposit = { id: `${host}:G-${serial}`, deal: null, interest, leg: 'deposit-paid', ...money };
      keep('funds', await insert('funds', price1), home, host);
      keep('funds', await insert('funds', deposit), home, host);
      await receipt(paid, 'settled', 'qiao', 'qiao', home, host);

      // A second listing was shown there once; what holds today was not told to the host any more.
      const held = { ...listing, id: `${home}:H-${serial}`, nativeId: `H-${serial}` };
      const first = await say(home, held, held.id, home, host);
      await deliver(first, host, held.id, 'accepted', home, host);
      await receipt(first, 'refused', host, host, home, host);
      const now = await say(home, { ...held, kind: 'listing' }, held.id, home);
      const { id, version, status, title, mode } = held;
      const secret = { id, home, version, status, title, mode, message: now, hosts: [], assets: [] };
      keep('listing', await insert('listing', { ...secret, updated_at: new Date() }), home);
      await decide(held, host, 'hold', now, home);
    }
  }
  return kept;
}
