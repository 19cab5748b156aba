/**
 * A witness (C2SP tlog-witness): the exchange's own memory of how large the gateway's log was and what it held.
 *
 * It cosigns a checkpoint only when the log signed it and a proof shows that the tree it cosigned last is still in it,
 * unchanged. It remembers before it answers. So nobody who sees two of three cosignatures can be shown another history.
 */

import { createHash } from 'node:crypto';
import { type Checkpoint, isSameTree, parseCheckpoint } from '../log/checkpoint.ts';
import { cosign, cosignaturesOf } from '../log/cosignature.ts';
import { verifyConsistency } from '../log/merkle.ts';
import { isBy, type Note, parseNote, type Sm2Check, signatureLine, type VerifierKey, writeNote } from '../log/note.ts';
import { isSignedByLog } from '../log/quorum.ts';
import type { Archive } from './archive.ts';
import type { Heads } from './heads.ts';
import { parseAddCheckpoint, SIZE_TYPE } from './request.ts';

export interface WitnessParts {
  readonly origin: string;
  readonly logKeys: readonly VerifierKey[];
  readonly sm2: Sm2Check;
  /** The witness's own, of type `cosignature`. */
  readonly key: VerifierKey;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  readonly heads: Heads;
  readonly archive: Archive;
  /** Requests that may wait for their turn. */
  readonly waiting: number;
  nowMs(): number;
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 503;
  readonly type: string;
  readonly body: string;
}

export interface Witness {
  /** Takes the body of one request. Refusals are answers; a fault of the disk is thrown, and nothing was cosigned. */
  addCheckpoint(body: Uint8Array): Promise<Answer>;
  /** The last checkpoint it cosigned, as a note. @throws WitnessFault when what is on disk is not its own */
  head(): Promise<Uint8Array | undefined>;
}

/** What is on disk is not what this witness cosigned: it says no more until somebody has looked. */
export class WitnessFault extends Error {
  override readonly name = 'WitnessFault';
  readonly zh: string;
  readonly en: string;
  constructor(zh: string, en: string, cause?: unknown) {
    super(`${zh} / ${en}`, { cause });
    this.zh = zh;
    this.en = en;
  }
}

interface Held {
  readonly number: number;
  readonly note: Uint8Array | undefined;
  readonly tree: Pick<Checkpoint, 'size' | 'root'>;
}

/** RFC 6962, 2.1: the root of no leaves. */
const EMPTY = { size: 0n, root: createHash('sha256').digest() };

export function openWitness(parts: WitnessParts): Witness {
  // One at a time: to compare with the head and to move it on must be one step.
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async addCheckpoint(body) {
      if (waiting >= parts.waiting) return said(503, '见证方忙，请稍后再试', 'the witness is busy: try again later');
      waiting += 1;
      const mine = turn.then(() => consider(parts, body));
      turn = mine.catch(() => {});
      try {
        return await mine;
      } finally {
        waiting -= 1;
      }
    },
    head: async () => (await held(parts)).note,
  };
}

async function consider(parts: WitnessParts, body: Uint8Array): Promise<Answer> {
  const request = parseAddCheckpoint(body);
  const note = request === undefined ? undefined : parseNote(request.note);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (request === undefined || note === undefined || checkpoint === undefined) {
    return said(400, '请求格式不正确', 'the request is malformed');
  }
  if (checkpoint.origin !== parts.origin) return said(404, '未知的日志', 'a log not known here');
  if (!isSignedByLog(note, parts.logKeys, parts.sm2)) {
    return said(403, '没有该日志的有效签名', 'not signed by a key of this log');
  }
  if (request.oldSize > checkpoint.size) {
    return said(400, '旧树大小超过检查点', 'the old size is above that of the checkpoint');
  }
  const head = await held(parts);
  if (request.oldSize !== head.tree.size) return ownSize(head);
  if (checkpoint.size === head.tree.size) {
    if (!isSameTree(checkpoint, head.tree)) return refuse(parts, note, head, checkpoint, ownSize(head));
  } else if (!follows(head.tree, checkpoint, request.proof)) {
    const answer = said(422, '一致性证明不成立', 'the consistency proof does not verify');
    return refuse(parts, note, head, checkpoint, answer);
  }
  return cosigned(parts, note, head, checkpoint);
}

/** What was there is still there, unchanged. From nothing everything follows, without proof. */
function follows(from: Held['tree'], to: Checkpoint, proof: readonly Uint8Array[]): boolean {
  if (from.size === 0n) return proof.length === 0;
  return verifyConsistency(from.size, to.size, proof, from.root, to.root);
}

async function cosigned(parts: WitnessParts, note: Note, head: Held, checkpoint: Checkpoint): Promise<Answer> {
  const atMs = parts.nowMs();
  const line = await cosign(note.text, parts.key, atMs, parts.sign);
  const byLog = note.signatures.filter((one) => parts.logKeys.some((key) => isBy(one, key)));
  const kept = writeNote({ text: note.text, signatures: [...byLog, line] });
  if (!(await parts.heads.follow(head.number, kept))) return ownSize(await held(parts));
  if (checkpoint.size > head.tree.size) await parts.archive.cosigned(kept, atMs).catch(unkept(parts));
  return { status: 200, type: 'text/plain; charset=utf-8', body: signatureLine(line) };
}

/** The log has signed what contradicts its own earlier word: that is kept as the proof of it. */
async function refuse(
  parts: WitnessParts,
  note: Note,
  head: Held,
  { size, root }: Checkpoint,
  answer: Answer,
): Promise<Answer> {
  parts.log('error', 'checkpoint-refused', {
    size: String(size),
    root: Buffer.from(root).toString('base64'),
    headSize: String(head.tree.size),
    headRoot: Buffer.from(head.tree.root).toString('base64'),
  });
  await parts.archive.refused(writeNote(note), head.note ?? new Uint8Array(), parts.nowMs()).catch(unkept(parts));
  return answer;
}

async function held({ heads, key }: WitnessParts): Promise<Held> {
  const { number, note } = await heads.latest();
  if (note === undefined) return { number, note, tree: EMPTY };
  const read = parseNote(note);
  const checkpoint = read === undefined ? undefined : parseCheckpoint(read.text);
  if (read === undefined || checkpoint === undefined || cosignaturesOf(read, [key]).length === 0) {
    throw new WitnessFault(
      '见证方保存的检查点不是本密钥所签，请核对目录与密钥',
      'the checkpoint kept here was not cosigned with this key: compare folder and key',
    );
  }
  return { number, note, tree: checkpoint };
}

function ownSize({ tree }: Held): Answer {
  return { status: 409, type: SIZE_TYPE, body: `${tree.size}\n` };
}

function said(status: Answer['status'], zh: string, en: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${zh} / ${en}\n` };
}

/** The head is what counts, and it is safe. */
function unkept({ log }: WitnessParts) {
  return (error: unknown) => log('error', 'archive', { error });
}
