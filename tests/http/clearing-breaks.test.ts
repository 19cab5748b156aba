import { createHash, randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Response } from 'supertest';
import { compared, newPerson, type Person } from './clearing-desk.ts';
import { openSurface, type Surface } from './surface.ts';

let surface: Surface;
let maker: Person;
let checker: Person;
let stex: Person;
let szse: Person;
let ids: readonly string[];

const LETTER = Buffer.from('对方来函：应以 1,000.00 元为准');
const letter = createHash('sha256').update(LETTER).digest('hex');
const WISH = { action: 'by-gateway', reason: 'amount-wrong', evidence: [`attachment:${letter}`] };

beforeAll(async () => {
  surface = await openSurface();
  maker = await newPerson(surface, 'wang', 'maker');
  checker = await newPerson(surface, 'li', 'checker');
  stex = await newPerson(surface, 'stex-eyes', 'exchange-viewer', 'stex');
  szse = await newPerson(surface, 'szse-eyes', 'exchange-viewer', 'szse');
  ids = await compared(surface, [
    { deal: 'A1', code: 'AMT+', deltaFen: 123_456_789n },
    { deal: 'A2', code: 'AMT-', deltaFen: -5n },
    { deal: 'A3', code: 'P101' },
    ...Array.from({ length: 7 }, (_, i) => ({ deal: `B${i}`, code: 'AMT+' as const, deltaFen: BigInt(100 + i) })),
  ]);
});
afterAll(() => surface.close());

const pathOf = (at: number) => `/v1/clearing/breaks/${ids[at]}`;

test('breaks come gravest first, page by page, each once, and the totals are those of the filter', async () => {
  const seen: string[] = [];
  const severities: string[] = [];
  for (let next: string | undefined = '/v1/clearing/breaks?limit=3'; next !== undefined; ) {
    const page: Awaited<ReturnType<Person['get']>> = await maker.get(next).expect(200);
    seen.push(...page.body.items.map(({ id }: { id: string }) => id));
    severities.push(...page.body.items.map(({ severity }: { severity: string }) => severity));
    next = /^<(.+)>; rel="next"$/.exec(page.headers.link ?? '')?.[1];
  }
  expect(seen.toSorted()).toEqual([...ids].sort());
  expect(severities).toEqual(severities.toSorted());
  const surplus = await maker.get('/v1/clearing/break-totals?code=AMT%2B').expect(200);
  expect(surplus.body).toMatchObject({ breaks: 8, over: '1234575.10', under: '0.00', byState: { open: 8 } });
  const shortage = await maker.get('/v1/clearing/breaks?code=AMT-&state=open,working').expect(200);
  expect(shortage.body.items).toMatchObject([{ id: ids[1], delta: '-0.05', deal: 'ctex:A2', zh: '金额不符（短款）' }]);
  const large = await maker.get('/v1/clearing/breaks?code=AMT%2B&from=1000000.00').expect(200);
  expect(large.body.items.map(({ id }: { id: string }) => id)).toEqual([ids[0]]);
});

test.each([
  'state=gone',
  'code=AMT',
  'severity=S5',
  'cycle=2026-02-30',
  'from=1e3',
  'exchange=x',
  'review=yours',
  'colour=red',
])('a filter that is none is refused: %s', async (query) => {
  const answer = await maker.get(`/v1/clearing/breaks?${query}`).expect(400);
  expect(answer.body.code).toBe('bad-query');
});

test('an exchange sees the breaks of its own deals, without the desk’s own talk, and no others', async () => {
  expect((await stex.get('/v1/clearing/breaks?limit=100').expect(200)).body.items).toHaveLength(ids.length);
  expect((await stex.get(pathOf(0)).expect(200)).body).toMatchObject({ id: ids[0], acts: [] });
  expect((await maker.get(pathOf(0)).expect(200)).body.acts).toHaveLength(2);
  expect((await szse.get('/v1/clearing/breaks').expect(200)).body.items).toEqual([]);
  await szse.get(pathOf(0)).expect(404);
});

test('what is attached comes back byte for byte, as a file, and only of a kind that people attach', async () => {
  const send = (type: string, bytes: Buffer) =>
    maker
      .post('/v1/clearing/attachments')
      .set('content-type', type)
      .set('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent('来函.txt')}`)
      .send(bytes);
  expect((await send('text/plain', LETTER).expect(201)).body).toEqual({ sha256: letter });
  await send('text/plain', LETTER).expect(200);
  expect((await send('text/html', Buffer.from('<script>')).expect(415)).body.code).toBe('file-type');
  const read = await checker.get(`/v1/clearing/attachments/${letter}`).expect(200).buffer(true);
  expect(read.text).toBe(LETTER.toString('utf8'));
  expect(read.headers['content-disposition']).toBe(`attachment; filename*=UTF-8''${encodeURIComponent('来函.txt')}`);
  await stex.get(`/v1/clearing/attachments/${letter}`).expect(403);
});

test('a break is worked by two: each act on what was seen, approved by its digest, never by its maker', async () => {
  const path = pathOf(1);
  const act = (by: Person, order: object, tag: string) => by.post(`${path}/acts`).set('if-match', tag).send(order);
  const tagOf = async (by: Person) => (await by.get(path).expect(200)).headers.etag!;
  expect((await maker.post(`${path}/acts`).send({ act: 'take' }).expect(428)).body.code).toBe('if-match-missing');
  const first = await tagOf(maker);
  expect((await act(maker, { act: 'take' }, first).expect(200)).body).toMatchObject({
    state: 'working',
    assignee: 'wang',
  });
  expect((await act(maker, { act: 'take' }, first).expect(412)).body.code).toBe('stale');
  await act(maker, { act: 'propose', wish: WISH }, await tagOf(maker)).expect(200);
  const { proposed } = (await checker.get(path).expect(200)).body;
  expect(createHash('sha256').update(canonicalize(proposed.signed)!).digest('hex')).toBe(proposed.sha256);
  expect(proposed.signed).toMatchObject({ break: ids[1], action: 'by-gateway', maker: 'wang' });
  const other = { act: 'approve', sha256: 'f'.repeat(64) };
  expect((await act(checker, other, await tagOf(checker)).expect(422)).body.code).toBe('proposal-differs');
  const approve = { act: 'approve', sha256: proposed.sha256 };
  expect((await act(maker, approve, await tagOf(maker)).expect(422)).body.code).toBe('role-forbids');
  await act(checker, approve, await tagOf(checker)).expect(200);
  const posted = await act(checker, { act: 'post' }, await tagOf(checker)).expect(200);
  expect(posted.body).toMatchObject({ state: 'posted', maker: 'wang', checker: 'li' });
  const { adjustments } = (await maker.get(path).expect(200)).body;
  const amounts = adjustments.flatMap((one: { entries: { amount: string }[] }) =>
    one.entries.map(({ amount }) => amount),
  );
  expect(amounts.toSorted()).toEqual(['-0.05', '0.05']);
});

test('a comment leaves the version as it is, but not the page; it is said once under one key', async () => {
  const path = pathOf(2);
  const before = await maker.get(path).expect(200);
  const key = randomUUID();
  const say = () => maker.post(`${path}/comments`, key).send({ note: '已电询 @li' });
  await say().expect(200);
  expect((await say().expect(200)).headers['idempotent-replayed']).toBe('true');
  const after = await maker.get(path).expect(200);
  expect(after.headers.etag).not.toBe(before.headers.etag);
  expect(after.body.version).toBe(before.body.version);
  expect(after.body.acts.slice(before.body.acts.length)).toMatchObject([{ act: 'comment', note: '已电询 @li' }]);
  await maker.post(`${path}/acts`).set('if-match', before.headers.etag!).send({ act: 'take' }).expect(200);
});

test('many breaks at once: each has its own answer, and what is not understood stops all of it', async () => {
  const tasks = ids.slice(3).map((id, i) => ({ break: id, version: i === 0 ? 99 : 2, act: 'take' }));
  const done = await maker.post('/v1/clearing/break-acts').send({ tasks }).expect(200);
  expect(done.body.items.map((one: { done: boolean }) => one.done)).toEqual([false, ...Array(6).fill(true)]);
  expect(done.body.items[0].errors).toMatchObject([{ code: 'version-stale' }]);
  const wrong = { tasks: [{ break: ids[4], version: 3, act: 'propose', wish: { ...WISH, action: 'forget' } }] };
  const refused = await maker.post('/v1/clearing/break-acts').send(wrong).expect(422);
  expect(refused.body.errors).toMatchObject([{ pointer: '/tasks/0/wish/action', code: 'unknown-code' }]);
  const many = { tasks: Array.from({ length: 501 }, () => ({ break: ids[4], version: 3, act: 'take' })) };
  expect((await maker.post('/v1/clearing/break-acts').send(many).expect(422)).body.code).toBe('too-many');
});

test('what was refused changed nothing: neither the break nor the trail nor what is told', async () => {
  const count = async () => {
    const { rows } = await surface.database.query(
      `select (select count(*) from clearing_act) as acts, (select count(*) from audit) as audit,
              (select count(*) from clearing_event) as events`,
    );
    return rows[0];
  };
  const before = await count();
  await checker
    .post(`${pathOf(0)}/acts`)
    .set('if-match', '"2.2"')
    .send({ act: 'take' })
    .expect(422);
  await maker
    .post(`${pathOf(0)}/acts`)
    .set('if-match', '"x"')
    .send({ act: 'take' })
    .expect(412);
  await maker
    .post(`${pathOf(0)}/acts`)
    .set('if-match', '"2.2"')
    .send({ act: 'dance' })
    .expect(422);
  expect(await count()).toEqual(before);
});

test('breaks go out as a workbook and come back as proposals, which are what was previewed', async () => {
  const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
  const sheet = await maker.get('/v1/clearing/sheet').buffer(true).parse(bytesIn).expect(200);
  const preview = await maker.post('/v1/clearing/sheet/preview').set('content-type', XLSX).send(sheet.body).expect(200);
  expect(new Set(preview.body.rows.map((one: { outcome: string }) => one.outcome))).toEqual(new Set(['unchanged']));
  const path = `/v1/clearing/sheet/${preview.body.sha256}/propose`;
  expect((await maker.post(path).set('content-type', XLSX).send(sheet.body).expect(200)).body).toEqual({ items: [] });
  const wrong = `/v1/clearing/sheet/${'0'.repeat(64)}/propose`;
  expect((await maker.post(wrong).set('content-type', XLSX).send(sheet.body).expect(422)).body.code).toBe(
    'proposal-differs',
  );
  await checker.post('/v1/clearing/sheet/preview').set('content-type', XLSX).send(sheet.body).expect(403);
});

function bytesIn(response: Response, done: (error: Error | null, body: Buffer) => void): void {
  const stream = response as unknown as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}
