import type { FaultKind } from '../schedule.ts';

/** A defect that a run must find: texts of the sources, each there exactly once, and what is put in their place. */
export interface Mutant {
  readonly name: string;
  readonly zh: string;
  readonly en: string;
  /** The faults under which it shows soonest. */
  readonly kinds: readonly FaultKind[];
  readonly patches: readonly { readonly file: string; readonly replace: string; readonly by: string }[];
}

export const mutants: readonly Mutant[] = [
  {
    name: 'ack-before-commit',
    zh: '未提交先应答',
    en: 'the exchange is answered before the commit',
    kinds: ['gateway-die', 'gateway-kill', 'database-crash'],
    patches: [
      {
        file: 'src/relay/intake-queue.ts',
        replace: 'line.push({ arrival, resolve });',
        by: "line.push({ arrival, resolve: () => {} });\nresolve({ outcome: 'accepted', messageId: crypto.randomUUID() });",
      },
    ],
  },
  {
    name: 'stex-ack-before-commit',
    zh: '未提交先移动游标',
    en: 'the cursor moves on before what was fetched is durable',
    kinds: ['gateway-die', 'gateway-kill', 'database-crash'],
    patches: [
      {
        file: 'adapters/stex/outbox.ts',
        replace: 'const busyMs = await handIn(page.arrivals);',
        by: 'void handIn(page.arrivals).catch(() => {});\nconst busyMs = 0;',
      },
    ],
  },
  {
    name: 'effect-outside-transaction',
    zh: '效果在事务之外',
    en: 'every statement is a transaction of its own',
    kinds: ['gateway-die'],
    patches: [
      { file: 'src/journal/database.ts', replace: '`BEGIN ISOLATION LEVEL', by: '`SELECT 1 --' },
      { file: 'src/journal/database.ts', replace: "await client.query('COMMIT')", by: "{ command: 'COMMIT' }" },
    ],
  },
  {
    name: 'lease-never-expires',
    zh: '租约永不到期',
    en: 'a delivery stays with the gateway that took it, dead or not',
    kinds: ['gateway-kill', 'gateway-die'],
    patches: [
      {
        file: 'src/journal/outbox.ts',
        replace: 'where d.exchange = $1 and d.open and (d.due_at',
        by: "where d.exchange = $1 and d.open and d.state <> 'sending' and (d.due_at",
      },
    ],
  },
  {
    name: 'lost-wake-up',
    zh: '丢失的唤醒无人补',
    en: 'nothing makes up for a wake-up that was lost',
    kinds: ['redis-flush', 'redis-kill', 'line-reset', 'answer-lost', 'gateway-kill'],
    patches: [
      {
        file: 'src/gateway-lines.ts',
        replace: 'if (due !== undefined && due.getTime() <= nowMs()) drain();',
        by: '',
      },
      // With the sweep in its place this alone is harmless, only slow: wake-ups are hints.
      {
        file: 'src/relay/wakes.ts',
        replace: 'if (isClosing || onTheWay.has(exchange)) return;',
        by: 'return;',
      },
    ],
  },
  {
    name: 'new-id-each-try',
    zh: '每次尝试换新编号',
    en: 'each try has a request id of its own',
    kinds: ['answer-lost', 'line-reset', 'gateway-kill'],
    patches: [
      {
        file: 'src/relay/lane.ts',
        replace: "export function requestId(lease: Pick<Lease, 'message'>, exchange: Exchange): string {",
        by: "export function requestId(lease: Lease, exchange: Exchange): string {\n  if (lease.attempts > 1) return [exchange, lease.message, lease.attempts].join('-');",
      },
    ],
  },
  {
    name: 'no-order-in-a-lane',
    zh: '同一项目的消息不排队',
    en: 'what belongs to one listing does not wait for what came before',
    kinds: ['answer-lost', 'line-reset', 'line-cut', 'gateway-kill'],
    patches: [
      {
        file: 'src/journal/outbox.ts',
        replace: 'and e.lane = d.lane and e.no < d.no)',
        by: 'and e.lane = d.lane and e.no < 0)',
      },
    ],
  },
  {
    name: 'szse-ack-before-commit',
    zh: '会话报文未提交先应答',
    en: 'a message of the session is answered before it is durable',
    kinds: ['gateway-die', 'gateway-kill', 'database-crash'],
    patches: [
      {
        file: 'adapters/szse/arrivals.ts',
        replace: 'answer = await ports.receive(arrival);',
        by: "void ports.receive(arrival).catch(() => {});\nanswer = { outcome: 'accepted', messageId: crypto.randomUUID() };",
      },
    ],
  },
  {
    name: 'no-answer-is-refusal',
    zh: '无应答当作拒绝',
    en: 'no answer is taken for a refusal',
    kinds: ['answer-lost', 'line-reset'],
    patches: [
      {
        file: 'src/relay/lane.ts',
        replace: 'return await parts.breaker.call(() => parts.link.send(request));',
        by: `const sent = await parts.breaker.call(() => parts.link.send(request));
    return sent.outcome === 'ambiguous' ? { outcome: 'refused', refusals: [], answer: NO_ANSWER } : sent;`,
      },
    ],
  },
];
