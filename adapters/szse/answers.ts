import type { Answer, Outcome } from '../../src/contract/adapter.ts';
import { type Refusal, refuse } from '../../src/contract/refusal.ts';
import { codes } from './codes.ts';
import { contentOf, type Frame, fieldOf, fieldsOf } from './session-frame.ts';

/** What an acknowledgement (UX) or Business Reject (j) of SZSE's says became of a request. */
export function outcomeOf(frame: Frame, isQuery: boolean): Outcome {
  const answer = Buffer.from(frame.bytes);
  if (frame.type === 'UX') {
    const result = fieldOf(frame, 20093);
    const number = fieldOf(frame, 20094);
    if (result === '0') return number === undefined ? accepted(answer) : { ...accepted(answer), number };
    return { outcome: 'refused', refusals: [refuse('host-refused', '', `20093=${result ?? ''}`)], answer };
  }
  const reason = fieldOf(frame, 380) ?? '';
  const meaning = codes.answers[reason];
  // A query that knows no such id: the request never came.
  if (isQuery && reason === '1') return { outcome: 'absent' };
  if (meaning === undefined) return { outcome: 'ambiguous', reason: `j with 380=${reason}` };
  if (meaning.outcome === 'accepted') {
    const first = fieldOf(frame, 20091);
    return first === undefined || first === '0' ? accepted(answer) : { ...accepted(answer), number: first };
  }
  if (meaning.outcome === 'retry') {
    return { outcome: 'retry', afterMs: seconds(fieldOf(frame, 20092)) * 1000, reason: 'busy' };
  }
  const text = fieldOf(frame, 58) ?? '';
  const rules = fieldsOf(frame, 20090);
  const details = rules.length > 0 ? rules : [text === '' ? `380=${reason}` : `380=${reason} ${text}`];
  return {
    outcome: 'refused',
    refusals: details.map((detail) => refuse(meaning.code ?? 'host-refused', '', detail.slice(0, 200))),
    answer,
  };
}

function accepted(answer: Uint8Array) {
  return { outcome: 'accepted', answer } as const;
}

function seconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Math.max(1, Number(text)) : 1;
}

/** What the gateway says to a message of SZSE's: UX, or j. */
export interface Reply {
  readonly type: 'UX' | 'j';
  readonly content: Uint8Array;
}

export function replyTo(seq: number, id: string, answer: Answer): Reply {
  switch (answer.outcome) {
    case 'accepted':
      return { type: 'UX', content: contentOf([11, id], [20093, 0]) };
    case 'refused':
      return refusedReply(seq, id, answer.refusals);
    case 'busy':
      return {
        type: 'j',
        content: contentOf([45, seq], [379, id], [380, 7], [20092, Math.max(1, Math.ceil(answer.retryAfterMs / 1000))]),
      };
  }
}

/** The reason is that of the first refusal; 20090 repeats for every rule. `id` is left out where there was none. */
export function refusedReply(seq: number, id: string, refusals: readonly Refusal[]): Reply {
  const first = refusals[0] ?? refuse('host-refused');
  const reason = codes.refusalAnswers[first.code] ?? codes.otherRefusals;
  const rules = reason === '3' ? refusals.map(({ code }) => [20090, code] as const) : [];
  const text = `${first.zh} ${first.pointer}`.trim();
  return {
    type: 'j',
    content: contentOf(
      [45, seq],
      ...(id === '' ? [] : ([[379, id]] as const)),
      [380, reason],
      [58, shortened(text)],
      ...rules.slice(0, 20),
    ),
  };
}

/** At most 2,000 bytes, without SOH. */
function shortened(text: string): string {
  return text.replaceAll('\u0001', ' ').slice(0, 600);
}
