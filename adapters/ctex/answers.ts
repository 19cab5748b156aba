import type { Outcome } from '../../src/contract/adapter.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../src/contract/json.ts';
import { type Refusal, type RefusalCode, refuse } from '../../src/contract/refusal.ts';
import { codes } from './codes.ts';

/** What CTEX answers: always HTTP 200, the code says how it went. */
export interface CtexAnswer {
  readonly code: string;
  readonly msg: string;
  readonly data: JsonObject;
}

/** undefined: not an answer of CTEX at all. */
export function readAnswer(bytes: Uint8Array, maxBytes: number): CtexAnswer | undefined {
  const json = parseJson(bytes, maxBytes);
  return json.ok ? answerOf(json.value) : undefined;
}

function answerOf(value: Json | undefined): CtexAnswer | undefined {
  if (!isObject(value) || typeof value.code !== 'string') return undefined;
  return {
    code: value.code,
    msg: typeof value.msg === 'string' ? value.msg.slice(0, 200) : '',
    data: isObject(value.data) ? value.data : {},
  };
}

/** The answer to a request whose path is `path`, as an outcome. A code that is in no table may mean anything: ambiguous. */
export function outcomeOf(answer: CtexAnswer, path: string, bytes: Uint8Array): Outcome {
  const meaning = Object.hasOwn(codes.answers, answer.code) ? codes.answers[answer.code] : undefined;
  switch (meaning?.outcome) {
    case 'accepted': {
      const number = answer.data[numberField(path)] ?? numberInPath(path);
      return typeof number === 'string' && number !== ''
        ? { outcome: 'accepted', number, answer: bytes }
        : { outcome: 'accepted', answer: bytes };
    }
    case 'refused':
      return { outcome: 'refused', refusals: refusalsIn(answer, meaning.code ?? 'host-refused'), answer: bytes };
    case 'retry':
      return {
        outcome: 'retry',
        afterMs: retryAfterMs(answer.data.retryAfter),
        reason: `${answer.code} ${answer.msg}`,
      };
    default:
      return { outcome: 'ambiguous', reason: `${answer.code.slice(0, 20)} ${answer.msg}` };
  }
}

/** The answer to `GET /requests/{id}`: `data` holds the first answer of that request; 2001: never seen. */
export function outcomeOfQuery(answer: CtexAnswer, requestId: string, path: string, bytes: Uint8Array): Outcome {
  if (answer.code === '2001') return { outcome: 'absent' };
  const first = answer.code === '0000' && answer.data.requestId === requestId ? answerOf(answer.data) : undefined;
  const outcome = first === undefined ? undefined : outcomeOf(first, path, bytes);
  // Only what certainly happened, or was certainly turned down, ends the doubt.
  return outcome?.outcome === 'accepted' || outcome?.outcome === 'refused'
    ? outcome
    : { outcome: 'ambiguous', reason: `query: ${answer.code.slice(0, 20)} ${answer.msg}` };
}

const NUMBER_FIELDS: readonly (readonly [string, string])[] = [
  ['/mirror/', 'mirrorNo'],
  ['/intents', 'intentNo'],
  ['/quotes', 'quoteNo'],
  ['/deals', 'dealNo'],
  ['/funds', 'fundNo'],
];

/** A change of something that has its number already: the answer need not repeat it. */
function numberInPath(path: string): string | undefined {
  const step = /^\/openapi\/v2\/(?:mirror\/projects|intents|deals)\/([^/]+)/.exec(path)?.[1];
  return step === undefined ? undefined : decodeURIComponent(step);
}

function numberField(path: string): string {
  return NUMBER_FIELDS.find(([part]) => path.startsWith(`/openapi/v2${part}`))?.[1] ?? '';
}

function retryAfterMs(seconds: Json | undefined): number {
  const stated = typeof seconds === 'object' ? 0 : Number(seconds);
  return Number.isFinite(stated) && stated > 0 ? Math.min(stated, 3600) * 1000 : 1000;
}

function refusalsIn(answer: CtexAnswer, code: RefusalCode): readonly Refusal[] {
  const named = Array.isArray(answer.data.errors) ? answer.data.errors : answer.data.rules;
  const found = (Array.isArray(named) ? named : []).slice(0, 50).map((one: Json) => refusalOf(one, code));
  return found.length > 0 ? found : [refuse(code, '', `${answer.code} ${answer.msg}`.trim())];
}

/** One of `data.errors` or `data.rules`: a name, or an object with a pointer and a text. */
function refusalOf(one: Json, code: RefusalCode): Refusal {
  if (!isObject(one)) return refuse(code, '', Array.isArray(one) ? '' : String(one).slice(0, 200));
  const [pointer, ...texts] = [one.pointer, one.rule ?? one.code, one.msg ?? one.message_zh].map((part) =>
    typeof part === 'string' ? part.slice(0, 200) : '',
  );
  return refuse(code, pointer, texts.filter((text) => text !== '').join(' '));
}
