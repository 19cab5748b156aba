/**
 * A JSON reader of its own, for comparison with src/contract/json.ts: reads text that JSON.parse accepts and names
 * every rule of ours that it breaks. Plain recursive descent straight from RFC 8259; not fast, not limited.
 */
export function brokenRules(text: string): ReadonlySet<string> {
  const broken = new Set<string>();
  let at = 0;

  const blank = () => {
    while (' \t\r\n'.includes(text[at] ?? 'x')) at++;
  };
  const string = (): string => {
    const start = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at++;
    const value = JSON.parse(text.slice(start, at)) as string;
    if (Buffer.from(value).toString() !== value) broken.add('not-text');
    return value;
  };
  const object = (depth: number) => {
    const keys: string[] = [];
    at++;
    for (blank(); text[at] !== '}'; blank()) {
      if (text[at] === ',') at++;
      blank();
      const key = string();
      if (keys.includes(key)) broken.add('duplicate-key');
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') broken.add('forbidden-key');
      keys.push(key);
      blank();
      at++;
      value(depth);
    }
    at++;
  };
  const array = (depth: number) => {
    at++;
    for (blank(); text[at] !== ']'; blank()) {
      if (text[at] === ',') at++;
      value(depth);
    }
    at++;
  };
  const number = () => {
    const start = at;
    while (/[\d.eE+-]/.test(text[at] ?? ' ')) at++;
    const written = text.slice(start, at);
    const plain = written === '0' || /^-?[1-9]\d*$/.test(written);
    if (!plain || BigInt(written) > 2n ** 53n - 1n || BigInt(written) < 1n - 2n ** 53n) broken.add('bad-number');
  };
  const value = (depth: number) => {
    blank();
    if (text[at] === '{' || text[at] === '[') {
      if (depth + 1 > 32) broken.add('too-deep');
      if (text[at] === '{') object(depth + 1);
      else array(depth + 1);
    } else if (text[at] === '"') string();
    else if (/[-\d]/.test(text[at]!)) number();
    else at += text[at] === 'f' ? 5 : 4;
  };
  value(0);
  return broken;
}
