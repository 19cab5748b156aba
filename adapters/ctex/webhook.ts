import type { Answer, Arrival, LinkPorts, Webhook, WebhookAnswer, WebhookRequest } from '../../src/contract/adapter.ts';
import { instant } from '../../src/contract/codecs.ts';
import { instantMs } from '../../src/contract/dates.ts';
import { isObject, type JsonObject, parseJson } from '../../src/contract/json.ts';
import { type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import { codes } from './codes.ts';
import { signedText, WINDOW_MS, writeProof } from './signature.ts';

const PATH = '/exchanges/ctex/notify';
const CLOCKS_APART_MS = 5_000;

/** Where CTEX pushes its events. Every answer is HTTP 200; its code says how it went, 0000 once the event is durable. */
export function openWebhook(ports: LinkPorts, heard: () => void): Webhook {
  const receive = async (request: WebhookRequest): Promise<WebhookAnswer> => {
    const arrivedAtMs = ports.nowMs();
    const proven = prove(request, ports, arrivedAtMs);
    if (proven.ok) heard();
    const arrival = proven.ok ? read(request.body, proven.value, arrivedAtMs) : proven;
    if (!arrival.ok) {
      const refusal = arrival.refusals[0]!;
      await keep(request, refusal, arrivedAtMs);
      // One of the two clocks is wrong, perhaps ours: CTEX must not take that for a word on this event.
      if (refusal.code === 'stale' && ports.clocksDiffer?.() === true) {
        return written({ outcome: 'busy', retryAfterMs: CLOCKS_APART_MS }, ports.nonce());
      }
      return written({ outcome: 'refused', refusals: arrival.refusals }, ports.nonce());
    }
    try {
      return written(await ports.receive(arrival.value), ports.nonce());
    } catch (error) {
      // Not durable, so not accepted: CTEX sends it again.
      ports.log('error', 'ctex-receive-failed', { key: arrival.value.key, reason: String(error) });
      return written({ outcome: 'busy', retryAfterMs: 1000 }, ports.nonce());
    }
  };

  const keep = async (request: WebhookRequest, refusal: Refusal, arrivedAtMs: number) => {
    const { nonce, timestamp, sign } = headersOf(request);
    const proof = JSON.stringify({ path: request.pathWithQuery, timestamp, nonce, sign });
    const key = nonce ?? ports.nonce();
    try {
      await ports.keepRefused({ exchange: 'ctex', key, bytes: request.body, proof, arrivedAtMs }, refusal);
    } catch (error) {
      ports.log('error', 'ctex-keep-refused-failed', { code: refusal.code, reason: String(error) });
    }
  };

  return { path: PATH, receive };
}

interface Proof {
  readonly nonce: string;
  readonly text: string;
}

/** Checks that CTEX signed exactly this request, now. Whether the nonce is new is for the gateway's memory to say. */
function prove(request: WebhookRequest, ports: LinkPorts, nowMs: number): Checked<Proof> {
  const { appId, timestamp, nonce, sign } = headersOf(request);
  if (appId?.toLowerCase() !== 'ctex') return refused(refuse('unknown-sender'));
  const isComplete =
    timestamp !== undefined &&
    nonce !== undefined &&
    sign !== undefined &&
    /^\d{13}$/.test(timestamp) &&
    /^[0-9a-fA-F]{32}$/.test(nonce) &&
    /^[A-Za-z0-9+/]{1,2048}={0,2}$/.test(sign);
  if (!isComplete) return refused(refuse('bad-signature'));
  const text = signedText(request.method, request.pathWithQuery, timestamp, nonce, request.body);
  if (!ports.verifier.verify(Buffer.from(text, 'utf8'), Buffer.from(sign, 'base64'))) {
    return refused(refuse('bad-signature'));
  }
  ports.heardClock?.(Number(timestamp));
  if (Math.abs(nowMs - Number(timestamp)) > WINDOW_MS) return refused(refuse('stale', '', timestamp));
  return { ok: true, value: { nonce, text: writeProof(text, sign) } };
}

const occurTime = instant('spaced');

/** Finds the event's id; what the event says is for decode. */
function read(bytes: Uint8Array, { nonce, text }: Proof, arrivedAtMs: number): Checked<Arrival> {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const key = isObject(json.value) ? json.value.eventId : undefined;
  if (typeof key !== 'string' || key === '') return refused(refuse('missing-field', '/eventId'));
  if (key.length > 64) return refused(refuse('bad-format', '/eventId'));
  const arrival = { exchange: 'ctex' as const, key, bytes, proof: text, once: nonce, arrivedAtMs };
  const event = json.value as JsonObject;
  const at = occurTime.decode(event.occurTime ?? null, event);
  return { ok: true, value: typeof at === 'string' ? { ...arrival, sentAtMs: instantMs(at) } : arrival };
}

function headersOf({ headers }: WebhookRequest) {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { appId: one('x-app-id'), timestamp: one('x-timestamp'), nonce: one('x-nonce'), sign: one('x-sign') };
}

/** Of several refusals the one that comes first here gives the answer its code. */
const GRAVITY = ['1002', '1003', '1001', '2002', '3001', '9001'];

function written(answer: Answer, traceId: string): WebhookAnswer {
  if (answer.outcome === 'accepted') return body('0000', { messageId: answer.messageId }, traceId);
  if (answer.outcome === 'busy') return body('9001', { retryAfter: Math.ceil(answer.retryAfterMs / 1000) }, traceId);
  const found = answer.refusals.map(({ code }) => codes.refusalAnswers[code] ?? '1001');
  const code = GRAVITY.find((one) => found.includes(one)) ?? '1001';
  const errors = answer.refusals.map((refusal) => ({
    pointer: refusal.pointer,
    code: refusal.code,
    message_zh: refusal.zh,
    message_en: refusal.en,
  }));
  return body(code, code === '3001' ? { rules: errors } : { errors }, traceId);
}

function body(code: string, data: object, traceId: string): WebhookAnswer {
  const answer = { code, msg: codes.answerTexts[code] ?? '', data, traceId };
  return { status: 200, contentType: 'application/json; charset=utf-8', body: Buffer.from(JSON.stringify(answer)) };
}
