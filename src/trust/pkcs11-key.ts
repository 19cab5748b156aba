/** A P-256 key in a token: it signs there and never leaves it. */

import { createHash, createPublicKey } from 'node:crypto';
import { withLowS } from '../envelope/signers.ts';
import { CK, type Cryptoki, failedWith } from './pkcs11-driver.ts';

export interface TokenPlace {
  /** Label of the token, and of the key pair in it. */
  readonly token: string;
  readonly label: string;
  readonly pin: string;
}

export interface TokenKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** ES256: r‖s, 64 bytes, lower s. @throws what the token said, after one more try with a new session */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
  /** Gives the sessions back. */
  close(): void;
}

/** Why a token cannot be used; the PIN is in none of them. */
export class TokenProblem extends Error {
  readonly zh: string;
  readonly en: string;
  constructor(zh: string, en: string, cause?: unknown) {
    super(`${zh} / ${en}`, { cause });
    this.zh = zh;
    this.en = en;
  }
}

/** Signatures under way in one token at once; a session has one at a time. */
const SESSIONS = 4;
/** OBJECT IDENTIFIER 1.2.840.10045.3.1.7, and everything of an SPKI on that curve in front of the point. */
const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const SPKI_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

interface Session {
  readonly handle: Buffer;
  readonly key: Buffer;
}

/** Opens the key pair of that label. @param cryptoki loaded with the token's library @throws TokenProblem */
export function openTokenKey(cryptoki: Cryptoki, place: TokenPlace): TokenKey {
  const slot = slotOf(cryptoki, place.token);
  let refused: TokenProblem | undefined;
  const open = (): Session => {
    // A token locks itself when a wrong PIN is offered again and again.
    if (refused !== undefined) throw refused;
    const handle = cryptoki.C_OpenSession(slot, CK.SERIAL_SESSION);
    try {
      // The login is the process's: whichever session asks second is told so.
      unless(CK.ALREADY_LOGGED_IN, () => cryptoki.C_Login(handle, CK.USER, place.pin));
      return { handle, key: only(cryptoki, handle, CK.PRIVATE_KEY, place.label) };
    } catch (cause) {
      cryptoki.C_CloseSession(handle);
      if (cause instanceof TokenProblem) throw cause;
      const problem = new TokenProblem('无法登录令牌', 'The token does not let us in', cause);
      if (failedWith(cause, CK.PIN_INCORRECT)) refused = problem;
      throw problem;
    }
  };
  const first = open();
  const spki = publicKeyOf(cryptoki, first.handle, place.label);
  const idle: Session[] = [first];
  const waiting: ((session: Session) => void)[] = [];
  let opened = 1;

  const take = (): Promise<Session> | Session => {
    const session = idle.pop();
    if (session !== undefined) return session;
    if (opened >= SESSIONS) return new Promise((resolve) => waiting.push(resolve));
    const made = open();
    opened += 1;
    return made;
  };
  const giveBack = (session: Session) => {
    const next = waiting.shift();
    if (next === undefined) idle.push(session);
    else next(session);
  };
  const signIn = (session: Session, digest: Buffer): Promise<Buffer> => {
    cryptoki.C_SignInit(session.handle, { mechanism: CK.ECDSA, parameter: null }, session.key);
    return cryptoki.C_SignAsync(session.handle, digest, Buffer.alloc(64));
  };

  return {
    spki,
    async sign(bytes) {
      const digest = createHash('sha256').update(bytes).digest();
      let session = await take();
      try {
        try {
          return withLowS(await signIn(session, digest));
        } catch {
          // The token was away or restarted: what it knew of us is gone, so all of it is set up again, once.
          session = replaced(cryptoki, session, open);
          return withLowS(await signIn(session, digest));
        }
      } finally {
        giveBack(session);
      }
    },
    close() {
      for (const { handle } of idle.splice(0)) quietly(() => cryptoki.C_CloseSession(handle));
    },
  };
}

function replaced(cryptoki: Cryptoki, { handle }: Session, open: () => Session): Session {
  quietly(() => cryptoki.C_CloseSession(handle));
  return open();
}

function slotOf(cryptoki: Cryptoki, token: string): Buffer {
  unless(CK.ALREADY_INITIALIZED, () => cryptoki.C_Initialize({ flags: CK.OS_LOCKING_OK }));
  const slots = cryptoki.C_GetSlotList(true).filter((slot) => labelOf(cryptoki, slot) === token);
  if (slots.length !== 1)
    throw new TokenProblem(`令牌应恰有一个：${token}`, `There must be exactly one token ${token}`);
  return slots[0]!;
}

/** Padded with blanks to 32 bytes (PKCS #11, CK_TOKEN_INFO). */
function labelOf(cryptoki: Cryptoki, slot: Buffer): string {
  return cryptoki.C_GetTokenInfo(slot).label.replace(/[\0 ]+$/, '');
}

function only(cryptoki: Cryptoki, session: Buffer, type: number, label: string): Buffer {
  cryptoki.C_FindObjectsInit(session, [
    { type: CK.CLASS, value: type },
    { type: CK.KEY_TYPE, value: CK.EC },
    { type: CK.LABEL, value: label },
  ]);
  try {
    const [found, another] = cryptoki.C_FindObjects(session, 2);
    if (found !== undefined && another === undefined) return found;
    throw new TokenProblem(
      `令牌中应恰有一对 P-256 密钥：${label}`,
      `There must be exactly one key pair ${label} on P-256`,
    );
  } finally {
    cryptoki.C_FindObjectsFinal(session);
  }
}

/** @throws TokenProblem unless it is on P-256 */
function publicKeyOf(cryptoki: Cryptoki, session: Buffer, label: string): Buffer {
  const object = only(cryptoki, session, CK.PUBLIC_KEY, label);
  const [curve, point] = cryptoki.C_GetAttributeValue(session, object, [{ type: CK.EC_PARAMS }, { type: CK.EC_POINT }]);
  // The point comes as an OCTET STRING: 04 41, then 04 ‖ x ‖ y.
  const raw = point?.value.subarray(2);
  if (!curve?.value.equals(P256) || raw?.length !== 65 || raw[0] !== 4) {
    throw new TokenProblem(`不是 P-256 密钥：${label}`, `The key ${label} is not on P-256`);
  }
  const spki = Buffer.concat([SPKI_HEAD, raw]);
  createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return spki;
}

function unless(value: number, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!failedWith(error, value)) throw error;
  }
}

function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // The session is gone with its token.
  }
}
