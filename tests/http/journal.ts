import { createHash, randomUUID } from 'node:crypto';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { Deal, Listing } from '../../src/contract/message.ts';
import { signEnvelope } from '../../src/envelope/envelope.ts';
import type { Queryable } from '../../src/journal/database.ts';
import { testKey } from '../envelope/keys.ts';

const signers = new Map(exchanges.map((exchange) => [exchange, testKey(exchange, 'Ed25519').signer]));
const text = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Puts rows into the journal as the relay would leave them, so that the surface alone is tested. */
export async function keepMessage(
  db: Queryable,
  payload: { kind: string },
  subject: string,
  issuer: Exchange = 'ctex',
): Promise<string> {
  const id = randomUUID();
  const header = {
    typ: 'fed-msg+jws',
    iss: issuer,
    aud: ['qiao'],
    jti: id,
    iat: 1_772_000_000,
    kind: payload.kind,
    contract: '1.0',
    rulebook: 'a'.repeat(64),
    stream: subject,
    seq: 1,
    prev: null,
    nat: createHash('sha256').update('native').digest('hex'),
  } as const;
  await db.query(
    `insert into message (id, kind, issuer, stream, seq, subject, envelope, native, proof, received, recorded_at)
     values ($1, $2, $8, $3, 1, $4, $5, $6, 'proof', $7, now())`,
    [
      id,
      payload.kind,
      `${subject} ${id}`,
      subject,
      await signEnvelope(text(payload), header, [signers.get(issuer)!]),
      Buffer.from('native 桥'),
      text({}),
      issuer,
    ],
  );
  return id;
}

export async function keepListing(db: Queryable, listing: Listing, changedAt: string): Promise<string> {
  const message = await keepMessage(db, listing, listing.id);
  await db.query(
    `insert into listing (id, home, version, status, title, mode, message, hosts, assets, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, '{stex}', '{}', $8)`,
    [listing.id, listing.home, listing.version, listing.status, listing.title, listing.mode, message, changedAt],
  );
  return message;
}

export async function keepDecision(
  db: Queryable,
  listing: Listing,
  host: string,
  body: { verdict: string },
  current = true,
): Promise<void> {
  await db.query(
    `insert into decision (listing, version, host, verdict, message, body, current, decided_at)
     values ($1, $2, $3, $4, $5, $6, $7, now())`,
    [listing.id, listing.version, host, body.verdict, randomUUID(), JSON.stringify(body), current],
  );
}

export async function keepNumber(
  db: Queryable,
  exchange: string,
  kind: string,
  number: string,
  id: string,
): Promise<void> {
  await db.query('insert into number (exchange, kind, number, id) values ($1, $2, $3, $4)', [
    exchange,
    kind,
    number,
    id,
  ]);
}

export async function keepDeal(db: Queryable, deal: Deal, listing: string, priceFen: bigint): Promise<string> {
  const message = await keepMessage(db, deal, listing);
  await db.query(
    `insert into deal (id, version, listing, home, host, status, price_fen, due_fen, paid_fen, digest, message, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7, 1, '\\x00', $8, now())`,
    [deal.id, deal.version, listing, deal.home, deal.host, deal.status, priceFen, message],
  );
  return message;
}

export async function keepDelivery(db: Queryable, message: string, exchange: string, state: string): Promise<bigint> {
  const { rows } = await db.query<{ no: bigint }>(
    `insert into delivery (message, exchange, lane, kind, state, open, due_at, reason, loss, sent, created_at)
     values ($1, $2, 'lane', 'listing', $3, $4, now(), $5, $6, $7, now()) returning no`,
    [
      message,
      exchange,
      state,
      state !== 'accepted' && state !== 'refused',
      JSON.stringify([{ code: 'busy', pointer: '', zh: '忙', en: 'busy' }]),
      JSON.stringify([{ pointer: '/summary', zh: '无', en: 'none' }]),
      Buffer.from('sent'),
    ],
  );
  return rows[0]!.no;
}
