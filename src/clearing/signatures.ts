import { createHash } from 'node:crypto';
import { type Exchange, isExchange } from '../contract/exchange.ts';
import { verifyEnvelope } from '../envelope/envelope.ts';
import { MAX_JWS_BYTES, type TrustList } from '../envelope/jws.ts';
import type { Queryable } from '../journal/database.ts';

/** Code SIG 验签失败或根不符: a book that does not stand on its exchange's signature. It stops the day. */
export interface SignatureFailure {
  readonly code: 'SIG';
  readonly side: Exchange;
  readonly zh: string;
  readonly en: string;
}

const TEXTS = {
  envelope: ['对账单报文验签失败', 'the signature of the statement as journaled is bad'],
  origin: ['对账单报文不是该交易所签发', 'the statement as journaled is not signed by that exchange'],
  native: ['对账单原文与签名所含摘要不符', 'the bytes kept of the statement are not those that were signed'],
  book: ['所载账簿与对账单原文不符', 'the book that was loaded is not the statement that was signed'],
} as const;

/**
 * Whether every book that stands for the day is what its exchange signed: envelope, origin, the digest in its header, the
 * bytes kept and those that were loaded. Books from files have no message, hence no signature to judge. Empty: all is well.
 */
export async function failedSignatures(
  connection: Queryable,
  cycle: string,
  trust: TrustList,
): Promise<readonly SignatureFailure[]> {
  const { rows } = await connection.query<Journaled & Record<string, unknown>>(
    `select b.side, b.digest, m.envelope, m.native
       from clearing_book b join message m on m.id = b.message
      where b.cycle = $1 and b.state = 'loaded' order by b.side`,
    [cycle],
  );
  return rows.flatMap((row) => {
    const why = isExchange(row.side) ? failureOf(row, trust) : undefined;
    if (why === undefined) return [];
    const [zh, en] = TEXTS[why];
    return [{ code: 'SIG' as const, side: row.side, zh, en }];
  });
}

/** A row of some hundred native bytes as unified JSON, in base64url: 1.5 to 4.1 times as long on the sample day. */
const GROWTH = 8;

interface Journaled {
  readonly side: Exchange;
  readonly digest: string;
  readonly envelope: Buffer;
  readonly native: Buffer | null;
}

function failureOf({ side, digest, envelope, native }: Journaled, trust: TrustList): keyof typeof TEXTS | undefined {
  const found = createHash('sha256')
    .update(native ?? '')
    .digest('hex');
  const verified = verifyEnvelope(envelope, trust, { maxBytes: (native?.length ?? 0) * GROWTH + MAX_JWS_BYTES });
  if (!verified.ok) return 'envelope';
  const { iss, kind, nat } = verified.header;
  if (iss !== side || kind !== 'statement') return 'origin';
  if (nat !== found) return 'native';
  return digest === found ? undefined : 'book';
}
