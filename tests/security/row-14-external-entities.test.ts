import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { decode } from '../../adapters/stex/decode.ts';
import { decodeStatement } from '../../adapters/stex/statement.ts';
import { qiao } from '../cli/command-line.ts';

/** Threat 14: a document that makes its reader open a file or an address (XXE). */

const sampleOf = (name: string) =>
  readFileSync(new URL(`../../adapters/stex/samples/${name}`, import.meta.url)).toString('latin1');
const listing = sampleOf('101-listing.xml');
const title = /<XMMC>[^<]*<\/XMMC>/;

/** The sample with that before its root and an entity in its title. */
const withEntity = (declared: string, entity = '&x;') =>
  Buffer.from(listing.replace('<WD ', `${declared}<WD `).replace(title, `<XMMC>${entity}</XMMC>`), 'latin1');

let port: number;
let connections = 0;
const server = createServer((socket) => {
  connections += 1;
  socket.destroy();
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const attacks: readonly (readonly [string, () => Buffer])[] = [
  ['a file', () => withEntity('<!DOCTYPE WD [<!ENTITY x SYSTEM "file:///etc/hostname">]>')],
  ['an address', () => withEntity(`<!DOCTYPE WD [<!ENTITY x SYSTEM "http://127.0.0.1:${port}/">]>`)],
  ['a public identifier', () => withEntity(`<!DOCTYPE WD PUBLIC "-//x" "http://127.0.0.1:${port}/x.dtd">`, 'x')],
  ['a DTD elsewhere', () => withEntity(`<!DOCTYPE WD SYSTEM "http://127.0.0.1:${port}/x.dtd">`, 'x')],
  ['a parameter entity', () => withEntity(`<!DOCTYPE WD [<!ENTITY % p SYSTEM "http://127.0.0.1:${port}/"> %p;]>`, 'x')],
  ['a declaration in lower case', () => withEntity('<!doctype WD [<!entity x "y">]>')],
  ['a declaration without a root', () => Buffer.from('<!DOCTYPE WD [<!ENTITY x SYSTEM "file:///etc/hostname">]>')],
  ['a declaration inside', () => Buffer.from(listing.replace('<XM>', '<XM><!ENTITY x "y">'), 'latin1')],
];

test.each(attacks)('%s named in a document type is refused on sight, and nothing is opened', async (_, attack) => {
  const forbidden = { ok: false, refusals: [{ code: 'doctype-forbidden' }] };
  expect(decode(attack())).toMatchObject(forbidden);
  const { exit, stdout, stderr } = await qiao(['normalise', 'stex'], { stdin: attack() });
  expect([exit, stdout.length, JSON.parse(stderr).code]).toEqual([2, 0, 'doctype-forbidden']);
  expect(connections).toBe(0);
});

test('an entity nobody declared, XInclude and a style sheet are no way round', () => {
  expect(decode(withEntity(''))).toMatchObject({ ok: false, refusals: [{ code: 'not-xml' }] });
  const include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>';
  expect(decode(Buffer.from(listing.replace('<XM>', `<XM>${include}`), 'latin1'))).toMatchObject({ ok: false });
  const style = `<?xml-stylesheet href="http://127.0.0.1:${port}/" type="text/xsl"?>`;
  expect(decode(withEntity(style, 'x'))).toMatchObject({ ok: false, refusals: [{ code: 'not-xml' }] });
  expect(connections).toBe(0);
});

test('a statement is read no differently', async () => {
  const statement = sampleOf('statement-2026-04-09.xml').replace(
    '<DZD',
    `<!DOCTYPE DZD [<!ENTITY x SYSTEM "http://127.0.0.1:${port}/">]><DZD`,
  );
  expect(decodeStatement([Buffer.from(statement, 'latin1')])).toMatchObject({
    ok: false,
    refusals: [{ code: 'doctype-forbidden' }],
  });
  expect(connections).toBe(0);
});
