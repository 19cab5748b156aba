import { readdirSync, readFileSync } from 'node:fs';
import type { Adapter } from '../../src/contract/adapter.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { openLink } from './link.ts';
import { verifyProof } from './signature.ts';
import { decodeStatement } from './statement.ts';
import { readStatement } from './statement-read.ts';

const folder = new URL('./', import.meta.url);

/** 中国技术交易所. Its interface is this project's stand-in (README.md). */
export const ctex: Adapter = {
  exchange: 'ctex',
  rulebooks: readdirSync(folder)
    .filter((name) => /^rulebook.*\.json$/.test(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown),
  decode,
  encode,
  decodeStatement,
  readStatement,
  openLink,
  verifyProof,
};
