/** What contradicts the log, by kind. */
export type AlarmCode =
  | 'row-altered'
  | 'row-missing'
  | 'leaf-altered'
  | 'leaf-missing'
  | 'node-altered'
  | 'root-altered'
  | 'history-rewritten'
  | 'guard-open';

/** One contradiction, and where: enough for a person to look, never the bytes themselves. */
export interface Alarm {
  readonly code: AlarmCode;
  /** A row (`message 17`), a leaf (`leaf 4`), a subtree (`node 3/12`), a size (`size 100`) or a guard (`message trigger`). */
  readonly at: string;
  readonly zh: string;
  readonly en: string;
}

const TEXTS: Readonly<Record<AlarmCode, readonly [zh: string, en: string]>> = {
  'row-altered': ['记录与其日志叶不符', 'a row is not what its leaf says it was'],
  'row-missing': ['已入日志的记录不存在', 'a row that the log has is gone'],
  'leaf-altered': ['日志叶被改动', 'a leaf has been altered'],
  'leaf-missing': ['记录没有日志叶，或日志缺叶', 'a row has no leaf, or the log lacks one'],
  'node-altered': ['日志树节点被改动', 'a node of the tree has been altered'],
  'root-altered': ['日志树根与各叶不符', 'the root is not that of the leaves'],
  'history-rewritten': ['日志树根与先前所见不符', 'the root is not the one seen before at this size'],
  'guard-open': ['防改写措施被解除', 'a guard against rewriting is down'],
};

export function alarm(code: AlarmCode, at: string): Alarm {
  const [zh, en] = TEXTS[code];
  return { code, at, zh, en };
}

/** Alarms found so far, each once; the first hundred are kept, all are counted. */
export class Alarms {
  readonly #kept = new Map<string, Alarm>();
  #count = 0;

  add(found: Alarm): void {
    const key = `${found.code} ${found.at}`;
    if (this.#kept.has(key)) return;
    this.#count += 1;
    if (this.#kept.size < MOST_KEPT) this.#kept.set(key, found);
  }

  has({ code, at }: Alarm): boolean {
    return this.#kept.has(`${code} ${at}`);
  }

  get count(): number {
    return this.#count;
  }

  get list(): readonly Alarm[] {
    return [...this.#kept.values()];
  }
}

const MOST_KEPT = 100;
