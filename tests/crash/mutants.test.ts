import { readFileSync } from 'node:fs';
import { patched } from './build.ts';
import { mutants } from './mutants/mutants.ts';

describe('the mutants of the crash harness', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s: its defect goes in exactly where it is meant',
    (_, mutant) => {
      for (const { file, by } of mutant.patches) {
        const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
        const text = patched(file, source, mutant);
        expect(text).not.toBe(source);
        expect(text).toContain(by);
      }
    },
  );

  it('a text that is not there, or there twice, is no defect but a mistake', () => {
    const mutant = { ...mutants[0]!, patches: [{ file: 'a.ts', replace: 'here', by: 'there' }] };
    expect(() =>
      patched('a.ts', 'nowhere', { ...mutant, patches: [{ file: 'a.ts', replace: 'gone', by: '' }] }),
    ).toThrow('0 places');
    expect(() => patched('a.ts', 'here and here', mutant)).toThrow('2 places');
    expect(patched('b.ts', 'here and here', mutant)).toBe('here and here');
  });
});
