import { recordAct } from '../../journal/audit.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem } from '../problem.ts';
import { type Route, turnedDown } from '../route.ts';

/** A new version of an exchange's rules; what waits for a decision, or rests on the old one, is decided again. */
export function rulebookRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'post',
      path: '/v1/rulebooks',
      keyed: true,
      body: true,
      answer: async ({ body, caller, at }, connection) => {
        const adopted = await parts.adoptRulebook(connection, body, at);
        if (!adopted.ok) return turnedDown(refusalProblem(adopted.refusals));
        const { exchange, version, sha256 } = adopted.value;
        const { name: actor, role } = caller.actor;
        const subject = `rulebook/${exchange}`;
        await recordAct(connection, { actor, role, act: 'rulebook-adopted', subject, detail: { version, sha256 }, at });
        return { status: 201, body: adopted.value };
      },
    },
  ];
}
