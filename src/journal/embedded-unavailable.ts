/** Why the embedded PostgreSQL cannot run here, and what to do instead, in both languages. A Fault of the surroundings, never a bug. */
export class EmbeddedUnavailable extends Error {
  override readonly name = 'EmbeddedUnavailable';
  readonly zh: string;
  readonly en: string;

  constructor(zh: string, en: string, cause?: unknown) {
    super(`${zh}\n${en}`, cause === undefined ? undefined : { cause });
    this.zh = zh;
    this.en = en;
  }
}

/** The embedded server cannot run on this machine at all: the way out is a PostgreSQL of one's own. */
export function unsupported(reasonZh: string, reasonEn: string, cause?: unknown): EmbeddedUnavailable {
  return new EmbeddedUnavailable(
    `内置 PostgreSQL 无法在此运行：${reasonZh}。请设置 DATABASE_URL，指向 PostgreSQL 15 或更高版本，例如 postgres://user:password@127.0.0.1:5432/qiao`,
    `The embedded PostgreSQL cannot run here: ${reasonEn}. Set DATABASE_URL to a PostgreSQL 15 or newer, for example postgres://user:password@127.0.0.1:5432/qiao`,
    cause,
  );
}

/** Somebody else has the folder: the way out is to end that one, or to take another folder. */
export function inUse(folder: string, by: string): EmbeddedUnavailable {
  return new EmbeddedUnavailable(
    `数据目录 ${folder} 正在使用中（${by}）。请先结束该进程，或用 QIAO_DATA 另选目录`,
    `The data folder ${folder} is in use (${by}). End that process first, or choose another folder with QIAO_DATA`,
  );
}
