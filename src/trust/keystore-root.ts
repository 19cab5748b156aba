import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { makeDemoStore } from './demo-keys.ts';
import { INIT, KeyProblem } from './keystore-files.ts';

/**
 * Where the keys really are: the folder itself, or its `demo` store where that is allowed, made when there is none.
 * @throws KeyProblem
 */
export async function chooseRoot(
  folder: string,
  { demo, nowMs }: { readonly demo: boolean; nowMs(): number },
): Promise<string> {
  const real = existsSync(join(folder, 'trust.json'));
  if (real && (demo || !existsSync(join(folder, 'DEMO')))) return folder;
  const demoRoot = join(folder, 'demo');
  if (!demo) {
    const en = 'There are only demo keys here, which production refuses';
    throw real || existsSync(demoRoot)
      ? new KeyProblem(folder, '这里只有演示密钥，生产环境拒绝使用', en, INIT)
      : new KeyProblem(join(folder, 'trust.json'), '没有密钥库', 'There is no key store', INIT);
  }
  try {
    // One that an earlier version of this program made; nobody relies on demo keys, but they are not thrown away either.
    if (existsSync(join(demoRoot, 'DEMO')) && !existsSync(join(demoRoot, 'anchor.json'))) setAside(demoRoot, nowMs());
    if (!existsSync(join(demoRoot, 'trust.json'))) await makeDemoStore(demoRoot, new Date(nowMs()));
  } catch (cause) {
    const [zh, en] = ['无法建立演示密钥', 'The demo keys cannot be made'];
    throw new KeyProblem(demoRoot, zh, en, 'QIAO_KEYS=<writable folder>', cause);
  }
  return demoRoot;
}

function setAside(demoRoot: string, nowMs: number): void {
  try {
    renameSync(demoRoot, `${demoRoot}.${new Date(nowMs).toISOString().replaceAll(/[^0-9]/g, '')}`);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause; // another process was first
  }
}
