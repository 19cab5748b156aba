import { readdirSync, readFileSync } from 'node:fs';
import type { Adapter } from '../../src/contract/adapter.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { openStexLink } from './link.ts';
import { verifyProof } from './proof.ts';
import { decodeStatement } from './statement.ts';
import { readStatement } from './statement-read.ts';

/** 上海技术交易所, by profile 3.1: this project's stand-in for an interface that is not published. */
export const stex: Adapter = {
  exchange: 'stex',
  rulebooks: readRulebooks(),
  decode,
  encode,
  decodeStatement,
  readStatement,
  openLink: openStexLink,
  single: true,
  verifyProof,
};

function readRulebooks(): readonly unknown[] {
  const folder = new URL('./', import.meta.url);
  const names = readdirSync(folder).filter((name) => /^rulebook.*\.json$/.test(name));
  return names.sort().map((name): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
}
