import { readFileSync } from 'node:fs';
import type { SettingName } from '../config-settings.ts';
import type { Checked } from '../contract/refusal.ts';
import { Surroundings } from './terminal.ts';

/** What the file that a setting names holds, as `read` reads its bytes; a file that is not so ends the command. */
export function settingFile<Held>(name: SettingName, file: string, read: (bytes: Buffer) => Checked<Held>): Held {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Surroundings(
      `${name} 所指文件无法读取：${file}`,
      `${name} names a file that cannot be read: ${file}`,
      error,
    );
  }
  const held = read(bytes);
  if (held.ok) return held.value;
  const shown = held.refusals.slice(0, 5);
  throw new Surroundings(
    `${name} 所指文件不合规定（${file}）：${shown.map(({ pointer, zh }) => `${pointer} ${zh}`).join('；')}`,
    `the file that ${name} names is not in order (${file}): ${shown.map(({ pointer, en }) => `${pointer} ${en}`).join('; ')}`,
  );
}
