import { shownError } from './faults.ts';

/** The gateway cannot start as things are: what is wrong and what to do, in both languages, on one line. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  readonly zh: string;
  readonly en: string;

  constructor(zh: string, en: string, cause?: unknown) {
    super(`${zh} / ${en}`, cause === undefined ? undefined : { cause });
    this.zh = zh;
    this.en = en;
  }
}

/** One step of the start; what it throws is said as the failure of what it stands on. */
export async function stepOf<Result>(
  { zh, en }: { readonly zh: string; readonly en: string },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = shownError(error);
    const reason = (code !== undefined && !message.includes(code) ? `${code} ${message}` : message).replaceAll(
      /\s+/g,
      ' ',
    );
    throw new StartFailure(`${zh}（${reason}）`, `${en} (${reason})`, error);
  }
}

/** What has been opened so far, closed in the opposite order when a later step fails. */
export interface Opened {
  add(close: () => unknown): void;
  closeAll(): Promise<void>;
}

export function openedSoFar(): Opened {
  const closes: (() => unknown)[] = [];
  return {
    add: (close) => void closes.push(close),
    closeAll: async () => {
      for (const close of closes.splice(0).reverse()) {
        try {
          await close();
        } catch {
          // What stopped the start is told; a failing close beside it would only hide it.
        }
      }
    },
  };
}
