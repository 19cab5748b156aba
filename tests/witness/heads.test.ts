import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHeads } from '../../src/witness/heads.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-heads-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const note = (text: string) => Buffer.from(text);
const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

test('the last one is the head, also for whoever opens the folder later; older ones do not pile up', async () => {
  const heads = await openHeads(join(folder, 'a', 'b'));
  expect(await heads.latest()).toEqual({ number: 0, note: undefined });
  for (let number = 0; number < 20; number++) {
    expect(await heads.follow(number, note(`head ${number + 1}`))).toBe(true);
  }
  const again = await openHeads(join(folder, 'a', 'b'));
  const { number, note: last } = await again.latest();
  expect([number, textOf(last)]).toEqual([20, 'head 20']);
  expect(readdirSync(join(folder, 'a', 'b')).length).toBeLessThanOrEqual(3);
});

test('of many who follow the same head one does, and each of the others knows that it did not', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => openHeads(folder)));
  for (let round = 0; round < 5; round++) {
    const followed = await Promise.all(all.map((heads, i) => heads.follow(round, note(`${round} by ${i}`))));
    expect(followed.filter(Boolean)).toHaveLength(1);
    expect(textOf((await all[0]!.latest()).note)).toBe(`${round} by ${followed.indexOf(true)}`);
  }
});

test('who comes so late that the number has been cleared does not follow either', async () => {
  const heads = await openHeads(folder);
  for (let number = 0; number < 10; number++) await heads.follow(number, note(`head ${number + 1}`));
  expect(readdirSync(folder)).not.toContain('head-000000000002.note');
  expect(await heads.follow(1, note('from the past'))).toBe(false);
  expect(textOf((await heads.latest()).note)).toBe('head 10');
});

test('what a killed process left unfinished is no head, and is cleared', async () => {
  const heads = await openHeads(folder);
  await heads.follow(0, note('head 1'));
  writeFileSync(join(folder, 'making-left-behind'), 'hal');
  const again = await openHeads(folder);
  expect(textOf((await again.latest()).note)).toBe('head 1');
  expect(readdirSync(folder)).toEqual(['head-000000000001.note']);
});
