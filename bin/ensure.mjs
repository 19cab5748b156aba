/**
 * Makes `npm run demo`, `npm start` and `npm test` work in a fresh clone: installs when node_modules is missing or
 * stale, builds when dist/ is missing or older than the sources. Says one line when it does something, nothing otherwise.
 * No dependencies: it runs before there are any.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`qiao: 需要 Node.js 20.19 或更高版本 / Node.js 20.19 or newer is needed, this is ${process.version}`);
  process.exit(1);
}

const reason = whyInstall();
if (reason !== undefined) {
  console.error(`qiao: 正在安装依赖 / installing dependencies (npm ci): ${reason}`);
  npmCi();
}
if (isBuildStale()) {
  console.error('qiao: 正在编译 / building dist/');
  run(process.execPath, [join(root, 'bin/build.mjs')], process.env);
}

/**
 * npm states what it installed in node_modules/.package-lock.json, written last. A marker of our own would not know of
 * an `npm ci` run by hand (`npm cit`) and install a second time.
 */
function whyInstall() {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return 'node_modules is missing';
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  // A production install (--omit=dev) is complete without them; it is recognised by having none.
  const withDev = Object.values(installed).some((entry) => entry.dev);
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined) {
      // Made for other platforms, or given up by npm because they would not install here.
      if (entry.optional || entry.devOptional || (entry.dev && !withDev)) continue;
      return `${path} is missing`;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${path} is another version`;
  }
  const extra = Object.keys(installed).find((path) => locked[path] === undefined);
  return extra === undefined ? undefined : `${extra} is no longer wanted`;
}

function npmCi() {
  const env = { ...process.env };
  // npm keeps its cache in the home folder; a build machine may have none, or one it may not write to.
  if (!env.npm_config_cache && !isWritable(env.HOME)) {
    env.npm_config_cache = join(tmpdir(), `qiao-npm-cache-${process.getuid?.() ?? 0}`);
    mkdirSync(env.npm_config_cache, { recursive: true, mode: 0o700 });
  }
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // Without a dist/ the compiler is needed, even where NODE_ENV=production leaves development dependencies out.
  if (!existsSync(join(root, 'dist/.built'))) args.push('--include=dev');
  const npm = env.npm_execpath;
  if (npm && /npm-cli\.[cm]?js$/.test(npm)) run(process.execPath, [npm, ...args], env);
  else run('npm', args, env);
}

function isWritable(folder) {
  if (!folder) return false;
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Quiet when it works; everything it said when it does not. */
function run(command, args, env) {
  const done = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (done.status === 0) return;
  console.error(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error ? `${done.error.message}\n` : ''}`);
  console.error(`qiao: 失败 / failed: ${command} ${args.join(' ')}`);
  process.exit(1);
}

/** dist/.built bears the time its build began. A folder's own time tells of files removed. */
function isBuildStale() {
  const built = statSync(join(root, 'dist/.built'), { throwIfNoEntry: false });
  if (built === undefined) return true;
  const sources = [
    'src',
    'adapters',
    'schemas',
    'certs',
    'bench',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  return sources.some((source) => isNewer(join(root, source), built.mtimeMs));
}

function isNewer(path, thanMs) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.mtimeMs > thanMs) return true;
  return found.isDirectory() && readdirSync(path).some((name) => isNewer(join(path, name), thanMs));
}
