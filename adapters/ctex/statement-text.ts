import { MAX_PIECE_BYTES } from '../../src/contract/blocks.ts';
import { type Checked, refuse, refused } from '../../src/contract/refusal.ts';

const SPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 forbids them inside a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 forbids them inside a string
const SCALAR = /"(?:[^"\\\u0000-\u001f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/y;

/**
 * A window over a long text that is read token by token: `fill` moves it on. No token is torn: behind `at` there are
 * always {@link MAX_PIECE_BYTES} characters, or all that is left.
 */
export class TextWindow {
  text = '';
  at = 0;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #isEnded = false;
  /** The bytes were no UTF-8: nothing behind that place is read. */
  isGarbled = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  get isLow(): boolean {
    return !this.#isEnded && this.text.length - this.at < MAX_PIECE_BYTES;
  }

  async fill(): Promise<void> {
    const parts = [this.text.slice(this.at)];
    let length = parts[0]!.length;
    while (!this.#isEnded && length < 4 * MAX_PIECE_BYTES) {
      const { value, done } = await this.#chunks.next();
      const text = this.#decoded(done === true ? undefined : value);
      if (done === true || text === undefined) this.#isEnded = true;
      if (text === undefined) this.isGarbled = true;
      parts.push(text ?? '');
      length += text?.length ?? 0;
    }
    this.text = parts.join('');
    this.at = 0;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #decoded(chunk: Uint8Array | undefined): string | undefined {
    try {
      return chunk === undefined ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
    } catch {
      return undefined;
    }
  }

  /** The next character that is no white space, not taken; '' at the end. */
  peek(): string {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
    return this.text[this.at] ?? '';
  }

  /** Takes that character if it comes next. */
  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  /** A member's name with its colon, as written, quotes included. */
  name(): string | undefined {
    const name = this.#token(STRING);
    return name !== undefined && this.take(':') ? name : undefined;
  }

  /** A string, number or word, as written; undefined where something else stands. */
  scalar(): string | undefined {
    return this.#token(SCALAR);
  }

  /** A whole object, as written, brackets inside strings counted as text. */
  object(): Checked<string> {
    let depth = 0;
    const from = this.at;
    const limit = Math.min(this.text.length, from + MAX_PIECE_BYTES);
    for (let i = from; i < limit; i++) {
      const c = this.text.charCodeAt(i);
      if (c === 0x22) {
        STRING.lastIndex = i;
        if (STRING.exec(this.text) === null) return refused(refuse('not-json'));
        i = STRING.lastIndex - 1;
      } else if (c === 0x7b || c === 0x5b) depth++;
      else if ((c === 0x7d || c === 0x5d) && --depth === 0) {
        this.at = i + 1;
        return { ok: true, value: this.text.slice(from, i + 1) };
      }
    }
    return refused(refuse(limit < this.text.length ? 'too-large' : 'not-json'));
  }

  #token(pattern: RegExp): string | undefined {
    this.peek();
    pattern.lastIndex = this.at;
    const token = pattern.exec(this.text)?.[0];
    if (token !== undefined) this.at = pattern.lastIndex;
    return token;
  }
}
