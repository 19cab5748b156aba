import type { Role } from '../access/actor.ts';

/** Who may use a route: anybody without logging in, or these roles. */
export type Permit = 'anybody' | readonly Role[];

const STAFF: readonly Role[] = ['maker', 'checker', 'supervisor', 'auditor'];
/** Of the rows that a route shows, an account bound to an exchange sees that exchange's own: the database sees to it. */
const READERS: readonly Role[] = [...STAFF, 'exchange-viewer', 'integrator'];
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

  'POST /v1/dead-letters/:id/redrive': ['checker', 'supervisor'],
  'POST /v1/rulebooks': ['supervisor'],

  'GET /v1/clearing/cycles': READERS,
  'POST /v1/clearing/cycles': DESK,
  'GET /v1/clearing/cycles/:cycle': READERS,
  'POST /v1/clearing/cycles/:cycle/advance': DESK,
  'POST /v1/clearing/cycles/:cycle/reopen': DESK,
  'POST /v1/clearing/cycles/:cycle/books/:exchange': ['maker', 'supervisor'],
  'GET /v1/clearing/books/:id/quarantine': READERS,
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
