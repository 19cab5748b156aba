import { readFileSync } from 'node:fs';

/** Threat 32: a dependency that changes by itself, comes from elsewhere, or runs code when it is installed. */

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as Record<string, Record<string, string | boolean>>;
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([path, { link }]) => path !== '' && !link);
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

test('every direct dependency is pinned to one version', () => {
  for (const group of ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides']) {
    for (const [name, version] of Object.entries(manifest[group] ?? {})) {
      expect(`${name} ${String(version)}`).toMatch(/ \d+\.\d+\.\d+(-[\w.]+)?$/);
    }
  }
});

test('every package of the lockfile has a digest, and comes from a registry over https', () => {
  expect(locked.length).toBeGreaterThan(100);
  const odd = locked.filter(
    ([, { resolved, integrity }]) => !/^sha512-/.test(integrity ?? '') || !/^https:\/\//.test(resolved ?? 'https://'),
  );
  expect(odd.map(([path]) => path)).toEqual([]);
});

test('no package may run a script when it is installed', () => {
  const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
  const allowed = manifest.allowScripts ?? {};
  const unspoken = scripted.filter((name) => allowed[name] !== false);
  expect(unspoken).toEqual([]);
});
