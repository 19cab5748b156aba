import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { runTrade } from '../../src/cli/trade.ts';
import { forgetKeys, type Journey, OPERATOR, openJourney } from '../journeys/federation.ts';
import { qiao } from './command-line.ts';

/** A trade of stex with ctex over real sockets, three witnesses; then every message of it is proven by the commands. */

const folder = mkdtempSync(join(tmpdir(), 'qiao-evidence-'));
const inFolder = (name: string) => join(folder, name);
let journey: Journey;
let env: Readonly<Record<string, string>>;
let anchor: string;
let messages: readonly { id: string; kind: string; issuer: string }[];

beforeAll(async () => {
  journey = await openJourney({ limits: { checkpointIntervalMs: 200 } });
  const listing = sampleListing('stex', 4001, journey.clock.nowMs());
  journey.mocks.stex.desk.publish(listing);
  await journey.settle();
  await runTrade(journey, 'stex', 'ctex', listing, { allFunds: true });
  await finalised();
  const { database } = journey.gateway;
  const found = await database.query<{ id: string; kind: string; issuer: string }>(
    'select id, kind, issuer from message order by no',
  );
  messages = found.rows;
  env = { DATABASE_URL: database.url, QIAO_KEYS: join(journey.keys.root, '..'), QIAO_OPERATOR_TOKEN: OPERATOR };
  anchor = join(journey.keys.root, 'anchor.json');
});

afterAll(async () => {
  await journey.close();
  forgetKeys();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that is said so far stands under a checkpoint with its quorum. */
async function finalised(): Promise<void> {
  const { journalLog, witnessed } = journey.gateway;
  await journalLog.sequence();
  const size = await journalLog.size();
  while ((witnessed.final()?.size ?? 0n) < size) {
    await witnessed.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function bundleOf(id: string, ...options: readonly string[]): Promise<string> {
  const file = inFolder(`${id}.json`);
  const ran = await qiao(['evidence', id, '--out', file, ...options], { env });
  expect([ran.exit, ran.stderr]).toEqual([0, '']);
  return file;
}

const idOf = (kind: string) => messages.find((message) => message.kind === kind)!.id;
const verify = (file: string, ...options: readonly string[]) => qiao(['verify', file, '--trust', anchor, ...options]);

test('every message of a trade is proven by its bundle and the anchor alone', async () => {
  const kinds = new Set<string>();
  for (const { id, kind, issuer } of messages) {
    const ran = await verify(await bundleOf(id), '--json');
    expect([kind, ran.exit, ran.stderr]).toEqual([kind, 0, '']);
    const proven = JSON.parse(ran.stdout.toString());
    expect(proven).toMatchObject({ verified: true, message: id, kind, issuer });
    expect(proven.log.cosigned.length).toBeGreaterThanOrEqual(2);
    if (kind !== 'rulebook' && issuer === 'stex') {
      expect(proven.signatures.map(({ alg }: { alg: string }) => alg)).toEqual(['Ed25519', 'SM2-SM3']);
    }
    if (kind === 'deal-confirmed') {
      expect(
        proven.cosigned.signatures.map(({ alg, participant }: Record<string, string>) => `${participant} ${alg}`),
      ).toEqual(expect.arrayContaining(['ctex Ed25519', 'stex Ed25519', 'stex SM2-SM3']));
    }
    kinds.add(`${kind} ${issuer} ${proven.native?.signedBy?.alg ?? '-'}`);
  }
  expect(kinds).toContain('listing stex SM2-SM3');
  expect(kinds).toContain('interest ctex RS256');
  expect(kinds).toContain('listing-mirrored ctex -');
});

test('for people it is a list in both languages, its columns aligned', async () => {
  const ran = await verify(await bundleOf(idOf('listing')));
  const text = ran.stdout.toString();
  expect(text).toMatch(/^证据成立 \/ the evidence holds\n/);
  for (const [zh, en] of [
    ['消息', 'message'],
    ['陈述', 'said'],
    ['记账', 'journaled'],
    ['见证', 'witness'],
    ['回执', 'receipt'],
  ]) {
    expect(text).toMatch(new RegExp(`^  ${zh} +${en} +\\S`, 'm'));
  }
});

test('the running gateway gives the same, under a later checkpoint perhaps', async () => {
  const id = idOf('deal');
  const [own, asked] = [await bundleOf(id), inFolder('asked.json')];
  const ran = await qiao(['evidence', id, '--out', asked, '--gateway', journey.gateway.url], { env });
  expect([ran.exit, ran.stderr]).toEqual([0, '']);
  // Who takes evidence away is itself written down, so the log has grown in between.
  // biome-ignore lint/suspicious/noExplicitAny: what it is of is what is tested
  const said = ({ message, envelope, native, received, chains, trust, receipts }: Record<string, any>) => ({
    ...{ message, envelope, native, received, chains, list: trust.list },
    receipts: receipts.map(({ entry, ...receipt }: { entry: { leaf: string } }) => ({ ...receipt, leaf: entry.leaf })),
  });
  expect(said(JSON.parse(readFileSync(asked, 'utf8')))).toEqual(said(JSON.parse(readFileSync(own, 'utf8'))));
  expect((await verify(asked)).exit).toBe(0);
});

test('one byte altered: exit 2, a problem with its code on stderr, nothing on stdout', async () => {
  const bundle = JSON.parse(readFileSync(await bundleOf(idOf('listing')), 'utf8'));
  const altered = inFolder('altered.json');
  const bytes = Buffer.from(bundle.native.bytes, 'base64');
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(altered, JSON.stringify({ ...bundle, native: { ...bundle.native, bytes: bytes.toString('base64') } }));
  const ran = await verify(altered);
  expect([ran.exit, ran.stdout.length]).toEqual([2, 0]);
  expect(JSON.parse(ran.stderr)).toMatchObject({
    code: 'evidence-altered',
    errors: [{ pointer: '/native/bytes', message_zh: expect.any(String), message_en: expect.any(String) }],
  });
});

test('another federation’s anchor, and what is no anchor', async () => {
  const file = await bundleOf(idOf('listing'));
  const other = JSON.parse(readFileSync(anchor, 'utf8'));
  other.log.keys = other.log.keys.slice(1);
  other.roots = [];
  writeFileSync(inFolder('other.json'), JSON.stringify(other));
  const ran = await qiao(['verify', file, '--trust', inFolder('other.json')]);
  expect([ran.exit, JSON.parse(ran.stderr).code]).toEqual([2, 'evidence-anchor-malformed']);
});

test('an older checkpoint is shown to be of the same log, and a forged one is not', async () => {
  const { database } = journey.gateway;
  const { rows } = await database.query<{ note: Buffer }>('select note from checkpoint order by size limit 1');
  const older = inFolder('older.note');
  writeFileSync(older, rows[0]!.note);
  const id = messages.at(-1)!.id;
  expect((await verify(await bundleOf(id, '--against', older), '--against', older)).exit).toBe(0);
  const ran = await verify(await bundleOf(id), '--against', older);
  expect(JSON.parse(ran.stderr).code).toBe('evidence-missing-part');
});

test('before the witnesses have spoken it is given, and not taken for final', async () => {
  const listing = sampleListing('szse', 4002, journey.clock.nowMs());
  journey.mocks.szse.desk.publish(listing);
  await journey.settle();
  const { rows } = await journey.gateway.database.query<{ id: string }>(
    'select id from message order by no desc limit 1',
  );
  const id = rows[0]!.id;
  // The log is a moment behind the journal: whichever state it is caught in, the two commands agree.
  const file = inFolder('early.json');
  const ran = await qiao(['evidence', id, '--out', file], { env });
  const isFinal = !/not final yet/.test(ran.stdout.toString());
  expect((await verify(file)).exit).toBe(isFinal ? 0 : 2);
  await finalised();
  expect((await verify(await bundleOf(id))).exit).toBe(0);
});

test('a message that there is not, and an id that is none: refused', async () => {
  for (const id of ['00000000-0000-4000-8000-000000000000', "x' or 1=1"]) {
    const ran = await qiao(['evidence', id, '--out', inFolder('none.json')], { env });
    expect([ran.exit, JSON.parse(ran.stderr).code]).toEqual([2, 'reference-unknown']);
  }
});

test('a gateway that cannot be reached, a folder that is not there: exit 1, one line in both languages', async () => {
  const id = idOf('listing');
  for (const argv of [
    ['--out', inFolder('x.json'), '--gateway', 'http://127.0.0.1:1'],
    ['--out', inFolder('nowhere/x.json')],
  ]) {
    const ran = await qiao(['evidence', id, ...argv], { env });
    expect([ran.exit, ran.stdout.length]).toEqual([1, 0]);
    expect(ran.stderr).toMatch(/^qiao: [^\n]+ \/ [^\n]+\n$/);
  }
});
