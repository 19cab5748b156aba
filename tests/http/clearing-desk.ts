import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { addAccount } from '../../src/access/accounts.ts';
import type { Role } from '../../src/access/actor.ts';
import { issueKey } from '../../src/access/keys.ts';
import { absorbRun } from '../../src/clearing/break-absorb.ts';
import { keepFound } from '../../src/clearing/match-found.ts';
import { defaultLimits } from '../../src/config-limits.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { transaction } from '../../src/journal/database.ts';
import { libraryCalendars } from '../../src/rules/calendar.ts';
import { DAY, finding, type Told } from '../clearing/breaks/desk.ts';
import { NOW, type Surface } from './surface.ts';

/** Somebody at the surface. */
export class Person {
  readonly #surface: Surface;
  readonly #token: string;

  constructor(surface: Surface, token: string) {
    this.#surface = surface;
    this.#token = token;
  }

  get(path: string): request.Test {
    return request(this.#surface.app).get(path).set('authorization', `Bearer ${this.#token}`);
  }

  post(path: string, key: string = randomUUID()): request.Test {
    return request(this.#surface.app)
      .post(path)
      .set('authorization', `Bearer ${this.#token}`)
      .set('idempotency-key', key);
  }
}

const BY = { name: 'test', role: 'terminal' };

export async function newPerson(surface: Surface, name: string, role: Role, exchange: Exchange | null = null) {
  const at = new Date(NOW);
  const { access } = surface.parts;
  const token = await transaction(surface.database, async (connection) => {
    const holder = { name, role, exchange };
    const made = await addAccount(connection, holder, BY, at, access);
    if (!made.ok) throw new Error(JSON.stringify(made.refusals));
    if (role !== 'integrator') return (await access.sessions.open(connection, holder, { by: 'terminal' }, at)).token;
    const wanted = { id: randomUUID(), account: name, label: 'test', days: 1 };
    const key = await issueKey(connection, wanted, BY, at, 1);
    return key.ok ? key.value.token : '';
  });
  return new Person(surface, token);
}

/** A comparison that found this, taken over by the desk; gives the ids of the breaks. */
export async function compared(surface: Surface, told: readonly Told[]): Promise<readonly string[]> {
  const { database } = surface;
  const run = randomUUID();
  await database.query(
    `insert into clearing_run (id, cycle, version, rules_sha256, result_sha256, counts, started_at, finished_at)
     values ($1, $2, 1, $3, $3, '{}', $4, $4)`,
    [run, DAY, 'a'.repeat(64), new Date(NOW)],
  );
  const columns = { a: undefined, g: undefined, b: undefined };
  await keepFound(
    database,
    run,
    told.map((one) => [finding(one), { dealId: `ctex:${one.deal}`, ...columns }]),
  );
  await absorbRun(run, {
    database,
    calendar: libraryCalendars.statutory,
    limits: defaultLimits,
    nowMs: () => NOW,
    newId: randomUUID,
  });
  return told.map((one) => finding(one).breakId);
}
