import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';

/** One file of an archive; its name is ASCII. */
export interface ZipFile {
  readonly name: string;
  readonly text: Iterable<string> | AsyncIterable<string>;
}

/** PKWARE APPNOTE 6.3: the records of an archive that is written in one go, sizes behind each file (flag 3). */
const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
const SIZES_BEHIND = 8;
const DEFLATED = 8;
/** 1980-01-01: files of the same content are the same bytes, whenever they are made. */
const DATE = 0x0021;

/** A ZIP archive as a stream; nothing is held but what is being compressed. Each file and the whole stay below 4 GiB. */
export async function* zipped(files: Iterable<ZipFile>): AsyncGenerator<Uint8Array, void, void> {
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, text } of files) {
    const from = at;
    const local = headOf(LOCAL, [], name, 0, 0, 0);
    yield local;
    at += local.byteLength;
    const counted = { crc: 0, size: 0 };
    let packed = 0;
    const deflating = createDeflateRaw();
    // What the source throws comes out of the iteration below.
    pipeline(Readable.from(counting(text, counted)), deflating, () => {});
    for await (const piece of deflating) {
      packed += (piece as Buffer).byteLength;
      yield piece as Buffer;
    }
    at += packed;
    yield numbers([4, DESCRIPTOR], [4, counted.crc], [4, packed], [4, counted.size]);
    at += 16;
    const place: readonly Field[] = [
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, from],
    ];
    directory.push(headOf(ENTRY, place, name, counted.crc, packed, counted.size));
  }
  const entries = Buffer.concat(directory);
  yield entries;
  const count = directory.length;
  yield numbers([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, entries.byteLength], [4, at], [2, 0]);
}

/** Bytes and value of a little-endian number. */
type Field = readonly [2 | 4, number];

function headOf(
  kind: number,
  place: readonly Field[],
  name: string,
  crc: number,
  packed: number,
  size: number,
): Buffer {
  const versions: readonly Field[] =
    kind === ENTRY
      ? [
          [2, 20],
          [2, 20],
        ]
      : [[2, 20]];
  const fixed: readonly Field[] = [
    [2, SIZES_BEHIND],
    [2, DEFLATED],
    [2, 0],
    [2, DATE],
    [4, crc],
    [4, packed],
    [4, size],
  ];
  const lengths: readonly Field[] = [
    [2, name.length],
    [2, 0],
  ];
  return Buffer.concat([numbers([4, kind], ...versions, ...fixed, ...lengths, ...place), Buffer.from(name, 'latin1')]);
}

function numbers(...fields: readonly Field[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of fields) at = bytes.writeUIntLE(value, at, width);
  return bytes;
}

async function* counting(
  text: ZipFile['text'],
  counted: { crc: number; size: number },
): AsyncGenerator<Buffer, void, void> {
  for await (const piece of text) {
    const bytes = Buffer.from(piece, 'utf8');
    counted.crc = crc32(bytes, counted.crc);
    counted.size += bytes.byteLength;
    yield bytes;
  }
}
