import type { Actor } from '../access/actor.ts';
import { parseWish } from '../clearing/proposal.ts';
import type { By, Task } from '../clearing/work.ts';
import type { Order } from '../clearing/work-order.ts';
import { isObject, type Json, type JsonObject } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { readFields } from './fields.ts';
import { type Problem, refusalProblem, requestProblem } from './problem.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** What each act says beside its name. */
const MEMBERS = {
  take: undefined,
  post: undefined,
  assign: 'to',
  propose: 'wish',
  approve: 'sha256',
  attach: 'sha256',
  withdraw: 'note',
  return: 'note',
  reopen: 'note',
  comment: 'note',
} as const satisfies Record<Order['act'], string | undefined>;

/** `{ act, … }` → what is to be done with a break. Whether it may be done, and by whom, is for work.ts to say. */
export function readOrder(body: Json): Checked<Order> {
  if (!isObject(body)) return refused(refuse('wrong-type', ''));
  const { act } = body;
  if (typeof act !== 'string' || !Object.hasOwn(MEMBERS, act)) return refused(refuse('unknown-code', '/act'));
  const member = MEMBERS[act as Order['act']];
  const read = readFields(body, member === undefined ? ['act'] : ['act', member]);
  if (!read.ok) return read;
  if (member === undefined) return accepted({ act } as Order);
  const value = read.value[member]!;
  if (member === 'wish') {
    const wish = parseWish(value);
    return wish.ok ? accepted({ act: 'propose', wish: wish.value }) : refused(...under('/wish', wish.refusals));
  }
  const fits = typeof value === 'string' && (member !== 'sha256' || SHA256.test(value));
  return fits ? accepted({ act, [member]: value } as unknown as Order) : refused(refuse('bad-format', `/${member}`));
}

/** `{ tasks: [{ break, version, act, … }] }`: several breaks at once. */
export function readTasks(body: Json, most: number): Checked<readonly Task[]> {
  const read = readFields(body, ['tasks']);
  if (!read.ok) return read;
  const { tasks } = read.value;
  if (!Array.isArray(tasks) || tasks.length === 0) return refused(refuse('wrong-type', '/tasks'));
  if (tasks.length > most) return refused(refuse('too-many', '/tasks', String(most)));
  const found: Refusal[] = [];
  const all = (tasks as readonly Json[]).flatMap((one, at): readonly Task[] => {
    const task: Checked<Task> = isObject(one) ? readTask(one) : refused(refuse('wrong-type', ''));
    if (task.ok) return [task.value];
    found.push(...under(`/tasks/${at}`, task.refusals));
    return [];
  });
  return found.length > 0 ? refused(...found) : accepted(all);
}

function readTask({ break: id, version, ...order }: JsonObject): Checked<Task> {
  if (typeof id !== 'string') return refused(refuse('missing-field', '/break'));
  const isVersion = typeof version === 'number' && Number.isSafeInteger(version) && version > 0;
  if (version !== undefined && !isVersion) return refused(refuse('bad-number', '/version'));
  const read = readOrder(order as JsonObject);
  if (!read.ok) return read;
  return accepted({ breakId: id, ...(isVersion ? { version } : {}), order: read.value });
}

function under(pointer: string, refusals: readonly Refusal[]): readonly Refusal[] {
  return refusals.map((one) => ({ ...one, pointer: pointer + one.pointer }));
}

/** What HTTP has words of its own for: changed since it was read, not there, not possible now. */
export function workProblem(refusals: readonly Refusal[]): Problem {
  const [first] = refusals;
  const detail = first === undefined ? '' : first.en.split(': ').slice(1).join(': ');
  if (first?.code === 'version-stale') return requestProblem('stale', '#header/if-match', detail);
  if (first?.code === 'reference-unknown' && first.pointer === '/breakId') return requestProblem('not-found');
  if (first?.code === 'state-forbids') return requestProblem('state-conflict', first.pointer, detail);
  return refusalProblem(refusals);
}

/** Who works on breaks: the permits let nobody else come so far. */
export function workerOf({ name, role }: Actor): By {
  if (role === 'nobody') throw new Error('assertion: nobody works on breaks');
  return { name, role };
}
