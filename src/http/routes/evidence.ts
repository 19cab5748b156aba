import { bundleJson } from '../../evidence/bundle.ts';
import { recordAct } from '../../journal/audit.ts';
import { transaction } from '../../journal/database.ts';
import { evidenceOf } from '../evidence.ts';
import type { Parts } from '../parts.ts';
import { requestProblem } from '../problem.ts';
import { ok, type Route, turnedDown } from '../route.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * One message's evidence bundle (docs/EVIDENCE.md). It is given before it is final, too: what is signed is signed. The
 * header says so, and `qiao verify` does not take it.
 */
export function evidenceRoutes({ quorum, database, nowMs }: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/messages/:id/evidence',
      query: [],
      async answer({ params: { id = '' }, caller }, view) {
        const found = UUID.test(id) ? await view((connection) => evidenceOf(connection, id, quorum)) : undefined;
        if (found === undefined) return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
        if (found.isWithheld) return turnedDown(requestProblem('evidence-withheld'));
        const { name: actor, role } = caller.actor;
        const act = { actor, role, act: 'evidence-exported', subject: `message/${id}`, at: new Date(nowMs()) };
        await transaction(database, (connection) => recordAct(connection, act));
        return ok(bundleJson(found.bundle), { 'x-qiao-final': found.isFinal ? 'yes' : 'no' });
      },
    },
  ];
}
