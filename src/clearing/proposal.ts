import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { isObject, type Json } from '../contract/json.ts';
import { formatFen, isYuan } from '../contract/money.ts';
import { accepted, type Checked, type Refusal, refuse, refused, step } from '../contract/refusal.ts';
import { checkEntries, type Entry, entriesOf, movedFen, residualOf } from './adjustment.ts';
import type { Break, Standing } from './break.ts';
import { type BreakAction, type BreakReason, isBreakAction, isBreakReason } from './break-actions.ts';

/** What a maker wants to do about a break. */
export interface Wish {
  readonly action: BreakAction;
  readonly reason: BreakReason;
  readonly note: string;
  /** `attachment:<sha256>` or `message:<id>`; at least one. */
  readonly evidence: readonly string[];
  /** Of `adjust` only. */
  readonly entries: readonly Entry[];
}

/** What a maker signs for and checkers approve: the bytes (RFC 8785), and what the database must know of them. */
export interface Proposal {
  readonly wish: Wish;
  readonly entries: readonly Entry[];
  readonly amountFen: bigint;
  readonly thresholdFen: bigint;
  /** How many must approve. */
  readonly needed: 1 | 2;
  readonly bytes: Buffer;
  readonly sha256: string;
}

const EVIDENCE = /^(attachment:[0-9a-f]{64}|message:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const MOST_EVIDENCE = 20;
const MEMBERS = new Set(['action', 'reason', 'note', 'evidence', 'entries']);

/** Unknown JSON → what is wished, or every reason why not. `entries`: `[{ account, amount: "-12.00" }]`. */
export function parseWish(value: Json): Checked<Wish> {
  if (!isObject(value)) return refused(refuse('wrong-type', ''));
  const { action, reason, note = '', evidence, entries = [] } = value;
  const wrong: Refusal[] = Object.keys(value)
    .filter((name) => !MEMBERS.has(name))
    .map((name) => refuse('unknown-field', step(name)));
  const need = (name: string, given: unknown, fits: boolean) => {
    if (given === undefined) wrong.push(refuse('missing-field', `/${name}`));
    else if (!fits) wrong.push(refuse('unknown-code', `/${name}`));
  };
  need('action', action, isBreakAction(action));
  need('reason', reason, isBreakReason(reason));
  if (!isNote(note)) wrong.push(refuse('bad-format', '/note'));
  else if (reason === 'other' && note.trim() === '') wrong.push(refuse('missing-field', '/note'));
  const list = Array.isArray(evidence) ? (evidence as readonly Json[]) : [];
  if (list.length === 0) wrong.push(refuse('missing-field', '/evidence'));
  if (list.length > MOST_EVIDENCE) wrong.push(refuse('too-large', '/evidence'));
  list.forEach((one, at) => {
    if (typeof one !== 'string' || !EVIDENCE.test(one)) wrong.push(refuse('bad-format', `/evidence/${at}`));
  });
  const read = entriesIn(entries);
  if (!read.ok) wrong.push(...read.refusals);
  else if (action !== 'adjust' && read.value.length > 0) wrong.push(refuse('inconsistent', '/entries'));
  if (wrong.length > 0 || !read.ok) return refused(...wrong);
  return accepted({
    action: action as BreakAction,
    reason: reason as BreakReason,
    note: note as string,
    evidence: [...new Set(list as readonly string[])].sort(),
    entries: read.value,
  });
}

const CONTROLS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Up to 2,000 characters that people wrote; lines may be broken, nothing hides itself. */
export function isNote(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 2000 && !CONTROLS.test(text.replaceAll(/[\n\t]/g, ''));
}

function entriesIn(value: Json): Checked<readonly Entry[]> {
  if (!Array.isArray(value)) return refused(refuse('wrong-type', '/entries'));
  const wrong: Refusal[] = [];
  const entries = (value as readonly Json[]).map((one, at) => {
    const { account, amount } = isObject(one) ? one : {};
    if (typeof account !== 'string') wrong.push(refuse('missing-field', `/entries/${at}/account`));
    if (typeof amount !== 'string' || !isYuan(amount.replace(/^-/, ''))) {
      wrong.push(refuse('bad-money', `/entries/${at}/amount`));
      return { account: '', amountFen: 0n };
    }
    return { account: String(account), amountFen: BigInt(amount.replace('.', '')) };
  });
  return wrong.length > 0 ? refused(...wrong) : accepted(entries);
}

/**
 * The proposal that a wish comes to for this break as it stands. Refused: an action that does not fit, entries that do not
 * balance or leave a difference, something to be reversed where nothing stands.
 */
export function propose(
  wish: Wish,
  stands: Break,
  booked: Standing | undefined,
  by: { readonly maker: string; readonly at: Date; readonly thresholdFen: bigint },
): Checked<Proposal> {
  const settled = entriesFor(wish, stands, booked);
  if (!settled.ok) return settled;
  const entries = settled.value;
  // What stands is reversed first: a small correction of a large booking moves the large one.
  const amountFen = larger(movedFen(entries), movedFen(booked?.entries ?? []));
  const needed = wish.action === 'write-off' || amountFen >= by.thresholdFen ? 2 : 1;
  const text = canonicalize({
    format: 'qiao-proposal/1',
    break: stands.id,
    version: stands.version,
    finding: stands.findingSha256,
    action: wish.action,
    reason: wish.reason,
    note: wish.note,
    evidence: wish.evidence,
    entries: entries.map(({ account, amountFen: fen }) => ({ account, amount: formatFen(fen, 'yuan') })),
    reverses: booked === undefined ? null : String(booked.no),
    needed,
    maker: by.maker,
    at: by.at.toISOString(),
  });
  if (text === undefined) throw new Error('assertion: a proposal is plain JSON');
  const bytes = Buffer.from(text, 'utf8');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return accepted({ wish, entries, amountFen, thresholdFen: by.thresholdFen, needed, bytes, sha256 });
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

function entriesFor(wish: Wish, stands: Break, booked: Standing | undefined): Checked<readonly Entry[]> {
  const gaps = { homeFen: stands.homeGapFen, hostFen: stands.hostGapFen };
  if (wish.action === 'reverse') {
    return booked === undefined ? refused(refuse('action-unfit', '/action', 'reverse')) : accepted([]);
  }
  if (wish.action !== 'adjust') return entriesOf(wish.action, { ...stands, gaps });
  const wrong = checkEntries(wish.entries, stands);
  const left = residualOf(gaps, wish.entries, stands);
  if (left.homeFen !== 0n || left.hostFen !== 0n) {
    const fen = [left.homeFen, left.hostFen].map((one) => formatFen(one, 'yuan')).join(' / ');
    wrong.push(refuse('inconsistent', '/entries', fen));
  }
  return wrong.length > 0 ? refused(...wrong) : accepted(wish.entries);
}
