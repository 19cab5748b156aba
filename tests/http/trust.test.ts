import request from 'supertest';
import { measureTrust } from '../../src/http/trust-metrics.ts';
import { expiriesOf, type TrustState } from '../../src/trust/expiry.ts';
import { trustFault } from '../../src/trust/trust-list.ts';
import { linkRecord, makeOperators, nextList, trustRecord } from '../support/trust.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from './surface.ts';

const DAY = 86_400_000;
const ENDS = '2026-03-08T00:00:00+08:00';
const NOW = Date.parse('2026-03-02T10:00:00+08:00');
let surface: Surface;
let state: TrustState;
const soon = trustRecord('ctex', 'Ed25519', { notAfter: ENDS });
const revoked = trustRecord('stex', 'Ed25519', { status: 'revoked', revokedAt: '2026-02-01T00:00:00+08:00' });
const link = linkRecord('szse', 'exchange');
let nowMs = NOW;
const show = () => {
  state = { ...state, expiries: expiriesOf({ list: state.list, tls: new Map(), crls: [], nowMs }) };
};

beforeAll(async () => {
  const list = await nextList(makeOperators(), undefined, { entries: [soon, revoked], links: [link] });
  state = { list, expiries: [], refused: undefined };
  show();
  surface = await openSurface({ trust: () => state });
  measureTrust(
    surface.parts.metrics.registry,
    () => state,
    () => nowMs,
  );
});
afterAll(() => surface.close());

it('GET /v1/trust shows the list in force, the days left and what has to be renewed, in both languages', async () => {
  const { body } = await request(surface.app).get('/v1/trust').set(AS_SUPERVISOR).expect(200);
  expect(body).toMatchObject({ version: 1, sha256: state.list.sha256, operators: ['a', 'b'], refused: null });
  expect(body.entries).toMatchObject([
    { participant: 'ctex', kid: soon.kid, status: 'active', daysLeft: 5 },
    { participant: 'stex', kid: revoked.kid, status: 'revoked', revokedAt: revoked.revokedAt, daysLeft: null },
  ]);
  expect(body.links).toMatchObject([{ exchange: 'szse', side: 'exchange', kid: link.kid, daysLeft: 304 }]);
  expect(body.warnings).toEqual([
    {
      kid: soon.kid,
      kind: 'envelope-key',
      participant: 'ctex',
      notAfter: ENDS,
      daysLeft: 5,
      withinDays: 7,
      zh: `ctex 的信封密钥将在 7 天内到期：${ENDS}`,
      en: `the envelope key of ctex ends within 7 days: ${ENDS}`,
    },
  ]);
  expect(JSON.stringify(body)).not.toMatch(/PRIVATE/);
});

it('says why trust.json did not come into force', async () => {
  state = { ...state, refused: { faults: [trustFault('list-forked', '/version', '2')], sinceMs: NOW } };
  const { body } = await request(surface.app).get('/v1/trust').set(AS_SUPERVISOR).expect(200);
  expect(body.refused).toMatchObject({ since: '2026-03-02T10:00:00+08:00', faults: [{ code: 'list-forked' }] });
  state = { ...state, refused: undefined };
});

it('needs a login', async () => {
  await request(surface.app).get('/v1/trust').expect(401);
});

it('metrics count the days down, and below zero', async () => {
  const shown = async () => {
    const { text } = await request(surface.app).get('/metrics').expect(200);
    return Number(new RegExp(`qiao_trust_days_left\\{kid="${soon.kid}"\\} (\\S+)`).exec(text)?.[1]);
  };
  expect(await shown()).toBeCloseTo(5 + 14 / 24, 3);
  nowMs = Date.parse(ENDS) + 2 * DAY;
  show();
  expect(await shown()).toBeCloseTo(-2, 6);
});
