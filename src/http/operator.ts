import { createHash, timingSafeEqual } from 'node:crypto';
import { type Problem, requestProblem } from './problem.ts';

/** Whether the request carries the operator's token; compared in constant time, whatever its length. */
export function operatorProblem(token: string | undefined, authorization: string | undefined): Problem | undefined {
  if (token === undefined) return requestProblem('operator-closed', '#header/authorization');
  const given = /^Bearer ([!-~]{1,1024})$/i.exec(authorization ?? '')?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return undefined;
  return requestProblem('unauthorised', '#header/authorization');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
