import type { Exchange, Participant } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { recordMessages } from '../journal/record.ts';
import { lockStreams, saveHeads } from '../journal/streams.ts';
import type { RuleDesk } from './rule-desk.ts';
import { type Seals, seal } from './seal.ts';

/** What somebody says outside the life of a listing, to be signed in their name. */
export interface Saying {
  readonly kind: string;
  readonly issuer: Participant;
  readonly audience: readonly Participant[];
  readonly stream: string;
  readonly subject: string;
  readonly payload: object;
  /** Whose rulebook it rests on; what the gateway itself says rests on the home's. */
  readonly cites: Exchange;
  /** An exchange sent it to us and is owed a receipt. */
  readonly sentToUs: boolean;
  readonly native?: { readonly bytes: Uint8Array; readonly digest: string; readonly proof: string };
}

export interface SayParts {
  readonly seals: Seals;
  rules(): Pick<RuleDesk, 'citation'>;
  newId(): string;
}

/** Signs it as the next of its stream and journals it, in the caller's transaction; gives the message's id. */
export async function say(connection: Queryable, saying: Saying, atMs: number, parts: SayParts): Promise<string> {
  const { issuer, stream } = saying;
  const id = parts.newId();
  const streams = await lockStreams(connection, [{ issuer, name: stream }]);
  const head = streams.head(issuer, stream);
  const { cites, ...said } = saying;
  const row = await seal({ ...said, id, rulebook: parts.rules().citation(cites, atMs), atMs }, head, parts.seals);
  await recordMessages(connection, [row]);
  await saveHeads(connection, [{ issuer, name: stream, head }]);
  return id;
}
