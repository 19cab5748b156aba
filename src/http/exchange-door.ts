import type { RequestListener } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Webhook } from '../contract/adapter.ts';
import type { Exchange, Participant } from '../contract/exchange.ts';
import type { TlsSide } from '../trust/tls.ts';
import { sendProblem } from './answering.ts';
import type { Parts } from './parts.ts';
import { requestProblem } from './problem.ts';
import { webhookListener } from './webhook.ts';

/**
 * What answers on the port for exchanges: their webhooks and nothing else, each exchange its own only. Whose connection
 * it is, its certificate says, asked again with every request.
 */
export function exchangeDoor(
  webhooks: ReadonlyMap<Exchange, Webhook>,
  side: Pick<TlsSide, 'participantOf'>,
  parts: Parts,
): RequestListener {
  const own = new Map<Participant, ReturnType<typeof webhookListener>>();
  for (const [exchange, webhook] of webhooks) own.set(exchange, webhookListener({ ...parts, webhooks: [webhook] }));
  return (request, response) => {
    const who = side.participantOf(request.socket as TLSSocket);
    if (who === undefined) return;
    if (own.get(who)?.(request, response) !== true) sendProblem(request, response, requestProblem('not-found'));
  };
}
