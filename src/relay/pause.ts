/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Gives `work` a signal that is aborted after `ms`, or when `ended` is. Not `AbortSignal.any`: of it, Node 20 may forget
 * a time limit when it collects garbage (nodejs/node#57736).
 */
export async function inTime<Result>(
  ms: number,
  ended: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, ms);
  ended.addEventListener('abort', end);
  if (ended.aborted) end();
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', end);
  }
}
