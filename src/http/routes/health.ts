import type { Parts } from '../parts.ts';
import { ok, type Route } from '../route.ts';

const SLOWEST_CHECK_MS = 2_000;

/** `/livez`: the process answers. `/readyz`: it can do its work; what the exchanges do is not asked here. */
export function healthRoutes(parts: Parts): readonly Route[] {
  return [
    { method: 'get', path: '/livez', query: [], answer: async () => ok({ status: 'alive' }) },
    {
      method: 'get',
      path: '/readyz',
      query: [],
      answer: async () => {
        const checks = await Promise.all(
          parts.checks.map(async ({ name, check }) => ({ name, ok: await holds(check) })),
        );
        const stopping = parts.stopping();
        const ready = !stopping && checks.every((one) => one.ok);
        const status = stopping ? 'stopping' : ready ? 'ready' : 'not-ready';
        return { status: ready ? 200 : 503, body: { status, checks, alarms: parts.alarms() } };
      },
    },
  ];
}

async function holds(check: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), SLOWEST_CHECK_MS);
  });
  try {
    return await Promise.race([check().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
