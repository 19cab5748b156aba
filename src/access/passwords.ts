import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { Unavailable } from './unavailable.ts';

/** Costs of one password, and how many are worked on at once: each holds its memory for as long as it takes. */
export interface PasswordLimits {
  readonly argon2MemoryKiB: number;
  readonly argon2Passes: number;
  readonly argon2AtOnce: number;
  readonly argon2Waiting: number;
}

export interface Passwords {
  /** The PHC string to keep. */
  hash(password: string): Promise<string>;
  /** Whether it is the password; `kept` null (no such account, or none set) takes as long and is never right. */
  matches(kept: string | null, password: string): Promise<boolean>;
  /** Kept under other costs than today's: hash it again when it is next given. */
  isOutdated(kept: string): boolean;
}

/** Passwords by argon2id (RFC 9106), at most `argon2AtOnce` at a time; both reject with {@link Unavailable} when more wait than that. */
export function openPasswords(limits: PasswordLimits): Passwords {
  const costs = { memoryCost: limits.argon2MemoryKiB, timeCost: limits.argon2Passes, parallelism: 1 };
  const turns = openTurns(limits.argon2AtOnce, limits.argon2Waiting);
  // Nobody knows this password; it is there to be compared with.
  const decoy = turns.take(() => hash(randomBytes(32), costs));
  decoy.catch(() => {});
  return {
    hash: (password) => turns.take(() => hash(password, costs)),
    matches: (kept, password) =>
      turns.take(async () => {
        const same = await verify(kept ?? (await decoy), password);
        return same && kept !== null;
      }),
    isOutdated: (kept) => {
      const { memoryCost, timeCost, parallelism } = parseOptions(kept);
      return memoryCost !== costs.memoryCost || timeCost !== costs.timeCost || parallelism !== costs.parallelism;
    },
  };
}

/** Lets so many work at once, and so many more wait for their turn. */
function openTurns(atOnce: number, most: number) {
  let working = 0;
  const waiting: (() => void)[] = [];
  return {
    take: async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (working >= atOnce) {
        if (waiting.length >= most) throw new Unavailable('passwords wait in numbers');
        // Whoever ends hands its place over, so `working` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else working += 1;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) working -= 1;
        else next();
      }
    },
  };
}

/** 20 characters of 32, about 100 bits; nothing that looks like something else. Five groups of four, joined by `-`. */
export function newPassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  const text = Array.from(randomBytes(20), (byte) => letters[byte & 31]).join('');
  return text.match(/.{4}/g)!.join('-');
}

/** What a person may choose: NFC text of 12 to 128 characters, at least five of them different, and not the name. */
export function isAcceptable(password: unknown, name: string): password is string {
  if (typeof password !== 'string' || /\p{Surrogate}/u.test(password) || password !== password.normalize('NFC'))
    return false;
  const letters = [...password];
  return letters.length >= 12 && letters.length <= 128 && new Set(letters).size >= 5 && password !== name;
}
