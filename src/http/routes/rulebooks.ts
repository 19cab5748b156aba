import type { Parts } from '../parts.ts';
import { refusalProblem } from '../problem.ts';
import { type Route, turnedDown } from '../route.ts';

/** A new version of an exchange's rules; what waits for a decision, or rests on the old one, is decided again. */
export function rulebookRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'post',
      path: '/v1/rulebooks',
      operator: true,
      body: true,
      answer: async ({ body, at }, connection) => {
        const adopted = await parts.adoptRulebook(connection, body, at);
        return adopted.ok ? { status: 201, body: adopted.value } : turnedDown(refusalProblem(adopted.refusals));
      },
    },
  ];
}
