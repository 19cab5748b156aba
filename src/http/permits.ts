import type { Role } from '../access/actor.ts';

/** Who may use a route: anybody without logging in, or these roles. */
export type Permit = 'anybody' | readonly Role[];

const STAFF: readonly Role[] = ['maker', 'checker', 'supervisor', 'auditor'];
/** Of the rows that a route shows, an account bound to an exchange sees that exchange's own: the database sees to it. */
const READERS: readonly Role[] = [...STAFF, 'exchange-viewer', 'integrator'];
/** Who works on breaks; which act is whose stands in src/clearing/break-states.ts. */
const WORKERS: readonly Role[] = ['maker', 'checker', 'supervisor'];
/** Whoever goes on with a day: never who only prepares. */
const DESK: readonly Role[] = ['checker', 'supervisor'];
const EVERYONE: readonly Role[] = READERS;

/** Every route and who may use it. What does not stand here is not served: the gateway does not start. */
const PERMITS: Readonly<Record<string, Permit>> = {
  'GET /livez': 'anybody',
  'GET /readyz': 'anybody',

  'POST /v1/sessions': 'anybody',
  'GET /v1/openid/login': 'anybody',
  'GET /v1/openid/callback': 'anybody',
  'GET /v1/session': EVERYONE,
  'POST /v1/session/end': EVERYONE,
  'POST /v1/session/password': EVERYONE,

  'GET /v1/listings': READERS,
  'GET /v1/listings/:id': READERS,
  'GET /v1/deals': READERS,
  'GET /v1/deals/:id': READERS,
  'GET /v1/messages/:id': READERS,
  'GET /v1/messages/:id/evidence': READERS,
  'GET /v1/adapters': READERS,
  'GET /v1/trust': READERS,
  'GET /v1/dead-letters': READERS,
  'POST /v1/decisions': READERS,

  'POST /v1/dead-letters/:id/redrive': ['maker', 'checker', 'supervisor'],
  'POST /v1/dead-letters/:id/redrive/approve': ['checker', 'supervisor'],
  'POST /v1/rulebooks': ['supervisor'],

  'GET /v1/clearing/cycles': READERS,
  'POST /v1/clearing/cycles': DESK,
  'GET /v1/clearing/cycles/:cycle': READERS,
  'POST /v1/clearing/cycles/:cycle/advance': DESK,
  'POST /v1/clearing/cycles/:cycle/reopen': DESK,
  'POST /v1/clearing/cycles/:cycle/books/:exchange': ['maker', 'supervisor'],
  'GET /v1/clearing/books/:id/quarantine': READERS,
  'GET /v1/clearing/cycles/:cycle/runs': READERS,
  'GET /v1/clearing/runs/:id/findings': READERS,
  'GET /v1/clearing/cycles/:cycle/reports/:report': READERS,
  'GET /v1/clearing/breaks': READERS,
  'GET /v1/clearing/break-totals': READERS,
  'GET /v1/clearing/breaks/:id': READERS,
  'POST /v1/clearing/breaks/:id/acts': WORKERS,
  'POST /v1/clearing/breaks/:id/comments': WORKERS,
  'POST /v1/clearing/break-acts': WORKERS,
  'POST /v1/clearing/breaks/:id/queries': ['maker', 'integrator'],
  'POST /v1/clearing/queries/:id/answer': ['integrator'],
  'POST /v1/clearing/attachments': WORKERS,
  'GET /v1/clearing/attachments/:sha256': STAFF,
  'GET /v1/clearing/cycles/:cycle/nets': READERS,
  'GET /v1/clearing/cycles/:cycle/nets/:no/entries': READERS,
  'GET /v1/clearing/cycles/:cycle/nets/:no/holds': READERS,
  'POST /v1/clearing/cycles/:cycle/nets/abort': ['supervisor'],
  'GET /v1/clearing/cycles/:cycle/result': READERS,
  'POST /v1/clearing/cycles/:cycle/signatures': ['integrator'],
  'GET /v1/clearing/cycles/:cycle/instructions': READERS,
  'GET /v1/clearing/cycles/:cycle/instruction-files/:sha256': READERS,
  'POST /v1/clearing/status-files': WORKERS,
  'GET /v1/clearing/cycles/:cycle/statuses': READERS,
  'GET /v1/clearing/settlements': READERS,
  'POST /v1/clearing/recordals': ['maker', 'supervisor'],
  'GET /v1/clearing/sheet': STAFF,
  'POST /v1/clearing/sheet/preview': ['maker'],
  'POST /v1/clearing/sheet/:sha256/propose': ['maker'],
  'GET /v1/clearing/standing': READERS,
  'GET /v1/clearing/events': READERS,

  'GET /v1/log': READERS,
  'GET /v1/audit': ['auditor', 'supervisor'],
  'GET /v1/users': ['auditor', 'supervisor'],
  'POST /v1/users': ['supervisor'],
  'POST /v1/users/:name/disable': ['supervisor'],
  'POST /v1/users/:name/reset': ['supervisor'],
  'POST /v1/users/:name/keys': ['supervisor'],
  'GET /v1/keys': ['auditor', 'supervisor'],
  'POST /v1/keys/:id/revoke': ['supervisor'],
};

/** The line of one route; throws when it has none. */
export function permitOf(route: { readonly method: 'get' | 'post'; readonly path: string }): Permit {
  const line = `${route.method.toUpperCase()} ${route.path}`;
  const permit = PERMITS[line];
  if (permit === undefined) throw new Error(`assertion: ${line} has no line in src/http/permits.ts`);
  return permit;
}

/** Every line, for the test that holds them to the routes. */
export const permitted: readonly string[] = Object.keys(PERMITS);
