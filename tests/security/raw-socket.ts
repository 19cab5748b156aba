import { connect } from 'node:net';

export interface Said {
  /** Status codes of everything that was answered. */
  readonly statuses: readonly number[];
  readonly text: string;
}

/** Writes exactly these bytes, then reads until the other side closes. */
export function say(url: string, ...pieces: readonly (string | Buffer)[]): Promise<Said> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      for (const piece of pieces) socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    });
    socket.setEncoding('latin1').on('data', (part) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      resolve({ text, statuses: [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status)) });
    });
  });
}
