/**
 * Bytes as `encode(…, 'escape')` gives them (PostgreSQL, 9.5): ASCII as it is but for `\\`, all else as `\ooo`. What is signed
 * here is ASCII, and so comes half as long as in hex, the way bytea comes by itself.
 */
export function unescaped(text: string): Buffer {
  return Buffer.from(text.includes('\\') ? text.replace(/\\(\\|[0-7]{3})/g, byteOf) : text, 'latin1');
}

function byteOf(_: string, code: string): string {
  return code === '\\' ? code : String.fromCharCode(Number.parseInt(code, 8));
}
