import { readTolerances, type Tolerance } from '../clearing/tolerance.ts';
import type { Config } from '../config.ts';
import { parseJson } from '../contract/json.ts';
import { settingFile } from './setting-file.ts';

/** What pairs of exchanges have agreed to let pass, from QIAO_TOLERANCES; without it amounts agree to the fen. */
export function tolerancesFor({ tolerancesFile: file }: Pick<Config, 'tolerancesFile'>): readonly Tolerance[] {
  if (file === undefined) return [];
  return settingFile('QIAO_TOLERANCES', file, (bytes) => {
    const json = parseJson(bytes);
    return json.ok ? readTolerances(json.value) : json;
  });
}
