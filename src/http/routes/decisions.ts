import { isDate, isInstant } from '../../contract/dates.ts';
import { isExchange } from '../../contract/exchange.ts';
import { isObject, type Json } from '../../contract/json.ts';
import type { Listing } from '../../contract/message.ts';
import { parseMessage } from '../../contract/parse.ts';
import { accepted, type Checked, type Refusal, refuse, refused, step } from '../../contract/refusal.ts';
import { decide } from '../../rules/decide.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem } from '../problem.ts';
import { ok, type Route, turnedDown } from '../route.ts';

interface Question {
  readonly listing: Listing;
  readonly host: Listing['home'];
  readonly at: string;
}

/** What the rules would say of a listing at a host; nothing is relayed or kept but the answer to the key. */
export function decisionRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'post',
      path: '/v1/decisions',
      keyed: true,
      body: true,
      answer: async ({ body }) => {
        const question = readQuestion(body);
        if (!question.ok) return turnedDown(refusalProblem(question.refusals));
        const { listing, host, at } = question.value;
        return ok(
          decide(listing, parts.rulebooks(listing.home), parts.rulebooks(host), at, { calendars: parts.calendars }),
        );
      },
    },
  ];
}

const KEYS = ['listing', 'host', 'at'];

function readQuestion(body: Json): Checked<Question> {
  if (!isObject(body)) return refused(refuse('wrong-type', ''));
  const found: Refusal[] = Object.keys(body)
    .filter((key) => !KEYS.includes(key))
    .map((key) => refuse('unknown-field', step(key)));
  for (const key of KEYS) if (body[key] === undefined) found.push(refuse('missing-field', step(key)));
  const { host, at } = body;
  if (host !== undefined && !isExchange(host)) found.push(refuse('unknown-code', '/host'));
  if (at !== undefined && !(typeof at === 'string' && (isDate(at) || isInstant(at)))) {
    found.push(refuse('bad-date', '/at'));
  }
  const listing = body.listing === undefined ? undefined : parseMessage(body.listing);
  if (listing?.ok === false) {
    found.push(...listing.refusals.map((one) => ({ ...one, pointer: `/listing${one.pointer}` })));
  } else if (listing?.ok) {
    if (listing.value.kind !== 'listing') found.push(refuse('unknown-kind', '/listing/kind'));
    else if (listing.value.home === host) found.push(refuse('inconsistent', '/host', 'home'));
  }
  if (found.length > 0 || !listing?.ok) return refused(...found);
  return accepted({ listing: listing.value as Listing, host: host as Question['host'], at: at as string });
}
