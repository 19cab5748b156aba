import { readdirSync, readFileSync } from 'node:fs';
import type { Adapter } from '../../src/contract/adapter.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { openLink } from './link.ts';
import { verifyProof } from './proof.ts';
import { decodeStatement } from './statement.ts';
import { readStatement } from './statement-read.ts';

const folder = new URL('./', import.meta.url);

/** 深交所科交中心, by this project's stand-in profile: SZSE-TIP 1.4 (README.md). */
export const szse: Adapter = {
  exchange: 'szse',
  rulebooks: readdirSync(folder)
    .filter((name) => /^rulebook.*\.json$/.test(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown),
  decode,
  encode,
  decodeStatement,
  readStatement,
  openLink,
  single: true,
  verifyProof,
};
