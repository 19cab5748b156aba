import { createHash, randomUUID } from 'node:crypto';
import type { exchanges } from '../../src/contract/exchange.ts';
import { writeBook } from '../support/clearing/writers.ts';
import { newPerson, type Person } from './clearing-desk.ts';
import { expectDescribed } from './described.ts';
import { openSurface, type Surface } from './surface.ts';

const DAY = '2026-03-02';
const NATIVE = 'application/octet-stream';

let surface: Surface;
let maker: Person;
let checker: Person;
let stex: Person;
beforeAll(async () => {
  surface = await openSurface();
  maker = await newPerson(surface, 'wang', 'maker');
  checker = await newPerson(surface, 'li', 'checker');
  stex = await newPerson(surface, 'stex-eyes', 'exchange-viewer', 'stex');
});
afterAll(() => surface.close());

const book = (exchange: (typeof exchanges)[number], batch = 1) =>
  Buffer.from(writeBook[exchange]([], { date: DAY, batch }));
const bring = (exchange: string, bytes: Buffer, key = randomUUID(), cycle = DAY) =>
  maker.post(`/v1/clearing/cycles/${cycle}/books/${exchange}`, key).set('content-type', NATIVE).send(bytes);

test('a day is opened once, by whoever may, and its checklist says by whom', async () => {
  await maker.post('/v1/clearing/cycles').send({ cycle: DAY }).expect(403);
  expect((await checker.post('/v1/clearing/cycles').send({ cycle: '2026-02-30' }).expect(422)).body.code).toBe(
    'bad-date',
  );
  const opened = await checker.post('/v1/clearing/cycles').send({ cycle: DAY }).expect(201);
  expectDescribed(opened, '/v1/clearing/cycles', 'post');
  expect((await checker.post('/v1/clearing/cycles').send({ cycle: DAY }).expect(409)).body.code).toBe('state-conflict');
  const { body } = await stex.get(`/v1/clearing/cycles/${DAY}`).expect(200);
  expect(body.checklist[0]).toMatchObject({ state: 'open', done: { by: 'li', role: 'checker' } });
  expect(body.checklist.slice(1).every(({ done }: { done: unknown }) => done === null)).toBe(true);
  await checker.get('/v1/clearing/cycles/2026-03-03').expect(404);
});

test('days come newest first, page by page', async () => {
  for (const cycle of ['2026-03-04', '2026-03-03', '2026-03-05']) {
    await checker.post('/v1/clearing/cycles').send({ cycle }).expect(201);
  }
  const seen: string[] = [];
  for (let next: string | undefined = '/v1/clearing/cycles?limit=3'; next !== undefined; ) {
    const page: Awaited<ReturnType<Person['get']>> = await checker.get(next).expect(200);
    seen.push(...page.body.items.map(({ cycle }: { cycle: string }) => cycle));
    next = /^<(.+)>; rel="next"$/.exec(page.headers.link ?? '')?.[1];
  }
  expect(seen).toEqual(['2026-03-05', '2026-03-04', '2026-03-03', DAY]);
});

test('a book brought by hand stands; brought again it is known; a repeat of the request gets the first answer', async () => {
  const key = randomUUID();
  const first = await bring('ctex', book('ctex'), key).expect(201);
  expectDescribed(first, '/v1/clearing/cycles/{cycle}/books/{exchange}', 'post');
  expect(first.body).toMatchObject({ side: 'ctex', state: 'loaded', source: 'upload:wang', rows: 0 });
  const repeated = await bring('ctex', book('ctex'), key).expect(201);
  expect([repeated.headers['idempotent-replayed'], repeated.body]).toEqual(['true', first.body]);
  expect((await bring('ctex', book('ctex', 2), key).expect(422)).body.code).toBe('idempotency-key-reused');
  expect((await bring('ctex', book('ctex')).expect(200)).body.id).toBe(first.body.id);
  const { rows } = await surface.database.query(`select from audit where act = 'book-brought'`);
  expect(rows).toHaveLength(1);
});

test('an altered book is refused with every control that fails, and that it was refused is kept', async () => {
  const altered = Buffer.from(book('szse').toString('latin1').replace('|0|0|0|', '|1|0|0|'), 'latin1');
  const answer = await bring('szse', altered).expect(422);
  expect(answer.body).toMatchObject({ code: 'CTL', errors: [{ pointer: '/statements/szse' }] });
  const { body } = await checker.get(`/v1/clearing/cycles/${DAY}`).expect(200);
  const kept = body.books.find(({ side }: { side: string }) => side === 'szse');
  expect(kept).toMatchObject({ state: 'refused', rows: 1, source: 'upload:wang' });
  expect(kept.failures.length).toBeGreaterThan(0);
});

test('bytes of no known form, too many of them, or for an exchange or a day that is none, are turned away', async () => {
  const path = `/v1/clearing/cycles/${DAY}/books/stex`;
  expect((await maker.post(path).set('content-type', 'text/html').send('<p>').expect(415)).body.code).toBe('file-type');
  const large = Buffer.alloc(1_048_577, 0x20);
  expect((await bring('stex', large).expect(413)).body.code).toBe('file-too-large');
  await bring('nyse', book('stex')).expect(404);
  await bring('stex', book('stex'), randomUUID(), '2026-04-01').expect(404);
  expect((await bring('stex', Buffer.from('not xml')).expect(422)).body.code).toBe('CTL');
});

test('rows that could not be read are kept as they were written, for those whose book it is', async () => {
  const row = 'H|SZSE|20260302|1|0\nD|X1||1|ctex|1||91110108MA0000015T|one|2|20260302|0\n';
  const digest = createHash('sha256').update(row).digest('hex');
  const brought = await bring('szse', Buffer.from(`${row}T|1|0|2|${digest}\n`)).expect(201);
  expect(brought.body.quarantined).toBe(1);
  const path = `/v1/clearing/books/${brought.body.id}/quarantine`;
  const answer = await checker.get(path).expect(200);
  expectDescribed(answer, '/v1/clearing/books/{id}/quarantine', 'get');
  expect(Buffer.from(answer.body.items[0].bytes, 'base64').toString()).toContain('D|X1|');
  expect((await stex.get(path).expect(200)).body.items).toEqual([]);
  const { body } = await stex.get(`/v1/clearing/cycles/${DAY}`).expect(200);
  expect(new Set(body.books.map(({ side }: { side: string }) => side))).toEqual(new Set(['stex']));
});

test('a day goes on when somebody says so, and back only with a reason and while it can be compared', async () => {
  const path = `/v1/clearing/cycles/${DAY}`;
  const going = await checker.post(`${path}/advance`).expect(202);
  expectDescribed(going, '/v1/clearing/cycles/{cycle}/advance', 'post');
  expect((await checker.post(`${path}/reopen`).send({ reason: ' ' }).expect(422)).body.code).toBe('bad-format');
  expect((await checker.post(`${path}/reopen`).send({ reason: 'a book' }).expect(409)).body.code).toBe(
    'state-conflict',
  );
  await surface.database.query(`update clearing_cycle set state = 'cut', cut = 0 where cycle = $1`, [DAY]);
  await surface.database.query(`update clearing_cycle set state = 'loaded' where cycle = $1`, [DAY]);
  // Its rows are being compared now.
  expect((await bring('stex', book('stex')).expect(409)).body.code).toBe('state-conflict');
  const again = await checker.post(`${path}/reopen`).send({ reason: '更正对账单' }).expect(202);
  expect(again.body).toMatchObject({ state: 'cut', version: 2 });
  await bring('stex', book('stex')).expect(201);
});

test('what there is not yet is not there', async () => {
  const path = `/v1/clearing/cycles/${DAY}`;
  for (const place of ['result', 'instructions', 'statuses', 'nets/1/entries', 'nets/1/holds', 'reports/day.doc']) {
    await checker.get(`${path}/${place}`).expect(404);
  }
  expect((await checker.get(`${path}/nets`).expect(200)).body).toEqual({ items: [] });
  const key = await newPerson(surface, 'ctex-robot', 'integrator', 'ctex');
  expect((await key.post(`${path}/signatures`).send({ jws: {} }).expect(422)).body.code).toBe('state-forbids');
  const bank = await maker.post('/v1/clearing/status-files').set('content-type', 'text/xml').send('<x/>').expect(200);
  expect(bank.body).toMatchObject({ kind: 'unknown', lines: [] });
});
