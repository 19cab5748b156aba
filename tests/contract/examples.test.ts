import { readdirSync, readFileSync } from 'node:fs';
import { parseJson } from '../../src/contract/json.ts';
import { kinds } from '../../src/contract/message.ts';
import { parseMessage, parseMessageBytes } from '../../src/contract/parse.ts';

const folder = new URL('../../schemas/examples/', import.meta.url);

interface Invalid {
  readonly expected: { readonly code: string; readonly pointer: string };
  readonly message: never;
}

function bytesOf(kind: string, name: string): Uint8Array {
  return readFileSync(new URL(`${kind}/${name}`, folder));
}

function read(kind: string, name: string): unknown {
  const json = parseJson(bytesOf(kind, name));
  if (!json.ok) throw new Error(`${kind}/${name} is no JSON: ${json.refusals[0]!.en}`);
  return json.value;
}

test('every kind of message has examples, and nothing else has', () => {
  const folders = readdirSync(folder).filter((name) => name !== 'README.md');
  expect(folders.sort()).toEqual([...kinds].sort());
});

describe.each(kinds)('examples of %s', (kind) => {
  const names = readdirSync(new URL(`${kind}/`, folder));
  const valid = names.filter((name) => name.startsWith('valid-'));
  const invalid = names.filter((name) => name.startsWith('invalid-'));

  test('there are at least two valid and three invalid ones', () => {
    expect(valid.length).toBeGreaterThanOrEqual(2);
    expect(invalid.length).toBeGreaterThanOrEqual(3);
    expect(names).toHaveLength(valid.length + invalid.length);
  });

  test.each(valid)('%s is a message of that kind', (name) => {
    const parsed = parseMessageBytes(bytesOf(kind, name));
    expect(parsed).toMatchObject({ ok: true, value: { kind } });
  });

  test.each(invalid)('%s is refused for the stated reason alone', (name) => {
    const { expected, message } = read(kind, name) as Invalid;
    const parsed = parseMessage(message);
    const found = parsed.ok ? [] : parsed.refusals.map(({ code, pointer }) => ({ code, pointer }));
    expect(found).toEqual([expected]);
  });
});
