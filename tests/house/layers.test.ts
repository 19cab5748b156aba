import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the real Biome with our rules over a house of one file each, and names the files in which an import is refused. */
function refusedAmong(files: Readonly<Record<string, string>>): readonly string[] {
  const house = mkdtempSync(join(tmpdir(), 'qiao-layers-'));
  try {
    const rules = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(join(house, 'biome.json'), JSON.stringify({ ...rules, vcs: { enabled: false } }));
    for (const [path, imported] of Object.entries(files)) {
      mkdirSync(dirname(join(house, path)), { recursive: true });
      writeFileSync(join(house, path), `import { it } from '${imported}';\nexport const used = it;\n`);
    }
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.'];
    const { stdout } = spawnSync(process.execPath, args, { cwd: house, encoding: 'utf8' });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { location: { path: string } }[] };
    return diagnostics.map(({ location }) => location.path).sort();
  } finally {
    rmSync(house, { recursive: true });
  }
}

describe('the layers of the house', () => {
  it('refuse every import that points upwards', () => {
    const forbidden = {
      'src/contract/a.ts': '../rules/decide.ts',
      'src/contract/b.ts': '../config.ts',
      'src/rules/a.ts': '../envelope/jws.ts',
      'src/envelope/a.ts': '../trust/keystore.ts',
      'src/log/a.ts': '../trust/keystore.ts',
      'src/trust/a.ts': '../journal/inbox.ts',
      'src/witness/a.ts': '../journal/inbox.ts',
      'src/evidence/a.ts': '../journal/inbox.ts',
      'src/access/a.ts': '../relay/intake.ts',
      'src/journal/a.ts': '../relay/intake.ts',
      'src/relay/a.ts': '../clearing/match.ts',
      'src/relay/b.ts': '../../adapters/all.ts',
      'src/clearing/a.ts': '../http/problem.ts',
      'src/http/a.ts': '../gateway.ts',
      'src/http/routes/b.ts': '../../cli/main.ts',
      'adapters/ctex/adapter.ts': '../../src/rules/decide.ts',
      'adapters/ctex/link.ts': '../../src/config.ts',
      'adapters/ctex/decode.ts': '../../src/journal/inbox.ts',
    };
    expect(refusedAmong(forbidden)).toEqual(Object.keys(forbidden).sort());
  });

  it('refuse a library outside its home, and the network in a pure room', () => {
    const forbidden = {
      'src/relay/a.ts': 'pg',
      'src/http/a.ts': 'node-pg-migrate',
      'src/journal/a.ts': 'bullmq',
      'src/cli/a.ts': 'ioredis',
      'src/relay/b.ts': 'axios',
      'src/relay/c.ts': 'express',
      'src/envelope/a.ts': 'node-forge',
      'src/log/a.ts': 'node:http',
      'src/evidence/a.ts': '@peculiar/x509',
      'src/http/c.ts': '@node-rs/argon2',
      'src/contract/a.ts': 'node:net',
      'adapters/ctex/decode.ts': 'axios',
      'adapters/ctex/link.ts': 'pg',
    };
    expect(refusedAmong(forbidden)).toEqual(Object.keys(forbidden).sort());
  });

  it('allow what points downwards, and every library at home', () => {
    const allowed = {
      'src/rules/a.ts': '../contract/money.ts',
      'src/trust/a.ts': '../envelope/jws.ts',
      'src/trust/b.ts': 'node-forge',
      'src/trust/c.ts': '@peculiar/x509',
      'src/journal/a.ts': 'pg',
      'src/journal/b.ts': '../log/merkle.ts',
      'src/evidence/a.ts': '../trust/keystore.ts',
      'src/access/a.ts': '@node-rs/argon2',
      'src/relay/a.ts': '../journal/inbox.ts',
      'src/relay/b.ts': 'bullmq',
      'src/http/a.ts': 'express',
      'src/http/b.ts': '../config.ts',
      'src/cli/a.ts': '../gateway.ts',
      'src/cli/b.ts': '../../adapters/all.ts',
      'adapters/ctex/link.ts': 'axios',
      'adapters/ctex/mock.ts': 'express',
      'adapters/ctex/decode.ts': '../../src/contract/money.ts',
    };
    expect(refusedAmong(allowed)).toEqual([]);
  });
});

describe('the pure rooms', () => {
  it('ask neither the clock nor chance nor the environment', () => {
    const asking = /\bDate\.now\(|new Date\(\)|\bMath\.random\(|\bprocess\.env\b|\brandom(Bytes|UUID|Int)\b|\bfetch\(/;
    const rooms = ['src/contract', 'src/rules', 'src/envelope', 'src/log'].filter((room) =>
      existsSync(join(root, room)),
    );
    expect(rooms).toContain('src/contract');
    const guilty = rooms.flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(room, name))
        .filter((path) => asking.test(withoutComments(readFileSync(join(root, path), 'utf8')))),
    );
    expect(guilty).toEqual([]);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
