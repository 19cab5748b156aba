/** What other processes of a benchmark use, as Linux's proc(5) tells it; elsewhere nothing is known. */
import { readdirSync, readFileSync } from 'node:fs';

/** A tick of proc(5)'s times: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/**
 * Processor time of a process, of its living children and of those it has waited for, ms; undefined where the system
 * does not say.
 */
export function processorMs(pid: number): number | undefined {
  try {
    return familyOf(pid).reduce((sum, member) => sum + ticksOf(member, member === pid), 0) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** The process and its living children. */
export function familyOf(pid: number): readonly number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => fieldsOf(name)?.[1] === String(pid));
  return [pid, ...children.map(Number)];
}

/** 0 for one that has just ended: its parent is about to count it. */
function ticksOf(pid: number, withChildren: boolean): number {
  const fields = fieldsOf(String(pid));
  if (fields === undefined) return 0;
  // utime, stime, cutime and cstime are fields 14 to 17; the state, our first, is field 3.
  return fields.slice(11, withChildren ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks), 0);
}

/** From the state on: the name before it may hold anything. */
function fieldsOf(pid: string): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // it has ended
  }
}
