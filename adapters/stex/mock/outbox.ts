import { gb18030, XML_DECLARATION } from './xml.ts';

/** Documents on their way to the gateway, oldest first, kept until it has acknowledged them. */
export interface MockOutbox {
  /** `content` is the element inside the `<WD>`. */
  put(type: string, at: string, content: string): void;
  /** A whole document, ready made; only its XML declaration is left out, which has no place inside a page. */
  putBytes(document: Uint8Array): void;
  page(after: string, limit: number): Uint8Array;
  acknowledge(cursor: string): boolean;
  empty(): boolean;
}

/** `first`: the first cursor, asked for once, higher than every one of an earlier run. */
export function openMockOutbox(first: () => number): MockOutbox {
  const waiting = new Map<number, Buffer<ArrayBuffer>>();
  let next = 0;
  let acknowledged = 0;
  const number = () => {
    if (next === 0) {
      next = first();
      acknowledged = next - 1;
    }
    return next++;
  };
  const start = (cursor: string) => Math.max(acknowledged, /^\d{1,16}$/.test(cursor) ? Number(cursor) : 0);
  return {
    put(type, at, content) {
      const id = number();
      const document = gb18030(`<WD WDBH="SH${id}" LX="${type}" SJ="${at}" BB="3.1">${content}</WD>`);
      waiting.set(id, Buffer.from(document));
    },
    putBytes(document) {
      const text = Buffer.from(document).toString('latin1');
      const declaration = /^\s*<\?xml[^>]*\?>\s*/.exec(text)?.[0] ?? '';
      waiting.set(number(), Buffer.from(document.subarray(declaration.length)));
    },
    page(after, limit) {
      if (next === 0)
        return Buffer.from(`${XML_DECLARATION}<WDLB XYYB="${after.replaceAll(/\D/g, '') || '0'}"></WDLB>`);
      const from = Math.min(start(after), next - 1);
      const to = Math.min(from + limit, next - 1);
      const parts = [Buffer.from(`${XML_DECLARATION}<WDLB XYYB="${to}">`)];
      for (let id = from + 1; id <= to; id++) parts.push(waiting.get(id)!);
      parts.push(Buffer.from('</WDLB>'));
      return Buffer.concat(parts);
    },
    acknowledge(cursor) {
      if (!/^\d{1,16}$/.test(cursor) || next === 0 || Number(cursor) >= next) return false;
      for (let id = acknowledged + 1; id <= Number(cursor); id++) waiting.delete(id);
      acknowledged = Math.max(acknowledged, Number(cursor));
      return true;
    },
    empty: () => waiting.size === 0,
  };
}
