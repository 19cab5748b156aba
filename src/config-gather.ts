import { readFileSync } from 'node:fs';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type SettingName, settingNames, settingOf } from './config-settings.ts';

/** Where a value came from. */
export type Source = 'flag' | 'environment' | 'file' | 'default' | 'unset';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Values = Partial<Record<SettingName, string>>;

export interface Problem {
  /** The variable at fault. Its value is not repeated: it may be a secret in the wrong place. */
  readonly name: string;
  readonly zh: string;
  readonly en: string;
}

export interface Gathered {
  readonly values: Values;
  readonly sources: Record<SettingName, Source>;
  readonly problems: Problem[];
}

/** What they are by default hangs on other settings. */
const DERIVED: ReadonlySet<SettingName> = new Set(['QIAO_KEYS', 'QIAO_PLAIN_LINKS', 'QIAO_EXCHANGE_HOST']);

/** What is set, and from where: a flag before the environment before a secret's file before the default. */
export function gather(env: Environment, flags: Readonly<Partial<Record<SettingName, string>>>): Gathered {
  const values: Values = {};
  const sources = {} as Record<SettingName, Source>;
  const problems: Problem[] = [];
  for (const name of settingNames) {
    const { secret, fallback } = settingOf(name);
    const file = secret && env[`${name}_FILE`] ? env[`${name}_FILE`] : undefined;
    if (file !== undefined && env[name]) {
      problems.push({
        name,
        zh: `${name} 与 ${name}_FILE 只能设置一个`,
        en: `only one of ${name} and ${name}_FILE may be set`,
      });
    }
    const found: [Source, string | undefined] = flags[name]
      ? ['flag', flags[name]]
      : env[name]
        ? ['environment', env[name]]
        : file !== undefined
          ? ['file', readSecret(name, file, problems)]
          : [fallback === undefined ? 'unset' : 'default', fallback];
    sources[name] = DERIVED.has(name) && found[0] === 'unset' ? 'default' : found[0];
    if (found[1] !== undefined) values[name] = found[1];
  }
  return { values, sources, problems };
}

const secretLimitBytes = 65_536;

function readSecret(name: string, file: string, problems: Problem[]): string | undefined {
  try {
    const text = readFileSync(file);
    if (text.length > secretLimitBytes) throw new Error('too long');
    // Editors and `echo` end a file with a line break that is no part of the secret.
    const secret = text.toString('utf8').replace(/\r?\n$/, '');
    if (secret === '') throw new Error('empty');
    return secret;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    problems.push({
      name: `${name}_FILE`,
      zh: `无法读取所指文件（${reason}）`,
      en: `names a file that cannot be read (${reason})`,
    });
    return undefined;
  }
}

/** Names the settings that do not fit their schema. No coercion: it would read a blank as 0 and 1e3 as 1000. */
export function check(values: Values): readonly SettingName[] {
  compiled ??= compile();
  if (compiled(values)) return [];
  return [...new Set((compiled.errors ?? []).map(({ instancePath }) => instancePath.slice(1) as SettingName))];
}

let compiled: ValidateFunction | undefined;

function compile(): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  ajv.addFormat('url', (text: string) => URL.canParse(text));
  ajv.addFormat('port', (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535);
  ajv.addFormat('host-and-port', (text: string) => splitAddress(text) !== undefined);
  const properties = Object.fromEntries(settingNames.map((name) => [name, settingOf(name).schema]));
  return ajv.compile({ type: 'object', additionalProperties: false, properties });
}

export function notAcceptable(name: SettingName): Problem {
  const { zh, en } = settingOf(name);
  return { name, zh: `应为${zh}`, en: `must be ${en}` };
}

/** `scheme` is absent where the environment decides. */
export function splitAddress(text: string): { scheme: string | undefined; host: string; port: number } | undefined {
  const match = /^(?:(tls|tcp):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[2] ?? match?.[3];
  const port = Number(match?.[4]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { scheme: match?.[1], host, port };
}
