import type { Break } from '../../clearing/break.ts';
import { recordEvent } from '../../clearing/cycle-events.ts';
import { type Asking, ask } from '../../clearing/query.ts';
import { type Answering, answer as answerQuery } from '../../clearing/query-answer.ts';
import { isExchange } from '../../contract/exchange.ts';
import type { Json, JsonObject } from '../../contract/json.ts';
import { parseFen } from '../../contract/money.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../../contract/refusal.ts';
import { type Queryable, within } from '../../journal/database.ts';
import { workProblem } from '../break-orders.ts';
import { breakShown } from '../clearing-shapes.ts';
import { readFields } from '../fields.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem } from '../problem.ts';
import { type Route, turnedDown } from '../route.ts';

const ASKS = ['inquiry', 'claim', 're-claim', 'credit-adjustment'] as const;
const VERDICTS = ['replied', 'accepted', 'refused'] as const;

/** 查询/查复, 请款, 退单, 再请款, 贷记调整: what one exchange asks another about a break, each a signed message of the journal. */
export function queryRoutes({ clearing, newId, nowMs }: Parts): readonly Route[] {
  const queryParts = (connection: Queryable) => ({ ...clearing.asking, database: within(connection), nowMs, newId });
  const told = ({ id, lastCycle, home, host, state, version }: Break, connection: Queryable, at: Date) => {
    const detail = { break: id, state, version };
    return recordEvent(connection, { cycle: lastCycle, kind: 'break', seenBy: [home, host], detail, at });
  };
  return [
    {
      method: 'post',
      path: '/v1/clearing/breaks/:id/queries',
      keyed: true,
      body: true,
      answer: async ({ params: { id = '' }, body, caller, at }, connection) => {
        const asking = readAsking(id, body);
        if (!asking.ok) return turnedDown(refusalProblem(asking.refusals));
        const asked = await ask(queryParts(connection), caller.actor, asking.value);
        if (!asked.ok) return turnedDown(workProblem(asked.refusals));
        const { message, stands } = asked.value;
        await told(stands, connection, at);
        return { status: 201, body: { message, break: breakShown(stands) } };
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/queries/:id/answer',
      keyed: true,
      body: true,
      answer: async ({ params: { id = '' }, body, caller, at }, connection) => {
        const answering = readAnswering(id, body);
        if (!answering.ok) return turnedDown(refusalProblem(answering.refusals));
        const answered = await answerQuery(queryParts(connection), caller.actor, answering.value);
        if (!answered.ok) return turnedDown(workProblem(answered.refusals));
        const { message, stands } = answered.value;
        await told(stands, connection, at);
        return { status: 201, body: { message, break: breakShown(stands) } };
      },
    },
  ];
}

function readAsking(breakId: string, body: Json): Checked<Asking> {
  const read = readFields(body, ['asks', 'text'], ['to', 'amount', 'about', 'evidence', 'version']);
  if (!read.ok) return read;
  const { asks, to, about, version } = read.value;
  const found: Refusal[] = [];
  const word = ASKS.find((one) => one === asks);
  if (word === undefined) found.push(refuse('unknown-code', '/asks'));
  if (to !== undefined && !isExchange(to)) found.push(refuse('unknown-code', '/to'));
  if (about !== undefined && typeof about !== 'string') found.push(refuse('wrong-type', '/about'));
  const isVersion = typeof version === 'number' && Number.isSafeInteger(version) && version > 0;
  if (version !== undefined && !isVersion) found.push(refuse('bad-number', '/version'));
  const said = readSaid(read.value);
  if (!said.ok) found.push(...said.refusals);
  if (found.length > 0 || !said.ok) return refused(...found);
  return accepted({
    breakId,
    asks: word!,
    ...said.value,
    ...(isExchange(to) ? { to } : {}),
    ...(about === undefined ? {} : { about: about as string }),
    ...(isVersion ? { version } : {}),
  });
}

function readAnswering(query: string, body: Json): Checked<Answering> {
  const read = readFields(body, ['verdict', 'text'], ['amount', 'evidence']);
  if (!read.ok) return read;
  const verdict = VERDICTS.find((one) => one === read.value.verdict);
  const said = readSaid(read.value);
  const found = [
    ...(verdict === undefined ? [refuse('unknown-code', '/verdict')] : []),
    ...(said.ok ? [] : said.refusals),
  ];
  return found.length > 0 || !said.ok ? refused(...found) : accepted({ query, verdict: verdict!, ...said.value });
}

/** What both say: words, an amount in yuan, evidence by its digests. The message's own schema says the rest. */
function readSaid({
  text,
  amount,
  evidence = [],
}: JsonObject): Checked<Pick<Answering, 'text' | 'amountFen' | 'evidence'>> {
  const found: Refusal[] = [];
  if (typeof text !== 'string') found.push(refuse('wrong-type', '/text'));
  const fen = typeof amount === 'string' ? parseFen(amount, 'yuan') : undefined;
  if (amount !== undefined && fen?.ok !== true) found.push(refuse('bad-money', '/amount'));
  const isList = Array.isArray(evidence) && evidence.every((one) => typeof one === 'string');
  if (!isList) found.push(refuse('wrong-type', '/evidence'));
  if (found.length > 0) return refused(...found);
  return accepted({
    text: text as string,
    evidence: evidence as readonly string[],
    ...(fen?.ok === true ? { amountFen: fen.value } : {}),
  });
}
