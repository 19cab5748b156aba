import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointText } from '../../src/log/checkpoint.ts';
import { verifyCosignature } from '../../src/log/cosignature.ts';
import { append, EMPTY_TREE, leafHash, rootOf } from '../../src/log/merkle.ts';
import { noteSigner, parseNote, parseSignatures, signNote, verifierKey } from '../../src/log/note.ts';
import { openArchive } from '../../src/witness/archive.ts';
import { openHeads } from '../../src/witness/heads.ts';
import { MOST_PROOF_LINES, writeAddCheckpoint } from '../../src/witness/request.ts';
import { openWitness, type WitnessParts } from '../../src/witness/witness.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const newFolder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'qiao-witness-')));
  return folders.at(-1)!;
};
const keyOf = (name: string, type: 'ed25519' | 'cosignature') => {
  const pair = generateKeyPairSync('ed25519');
  const key = verifierKey(name, type, pair.publicKey.export({ format: 'der', type: 'spki' }));
  return { key, sign: (bytes: Uint8Array) => sign(null, bytes, pair.privateKey) };
};
const AT = Date.parse('2026-03-02T09:30:00+08:00');
const own = keyOf('ctex/witness', 'cosignature');

async function openOn(folder: string, parts: Partial<WitnessParts> = {}) {
  const errors: string[] = [];
  const witness = openWitness({
    origin: 'qiao/log',
    logKeys: [],
    sm2: () => false,
    ...own,
    heads: await openHeads(folder),
    archive: openArchive(folder, { fileLimitBytes: 100_000 }),
    waiting: 16,
    nowMs: () => AT,
    log: (level, event) => {
      if (level === 'error') errors.push(event);
    },
    ...parts,
  });
  return { witness, errors, add: (body: string | Uint8Array) => witness.addCheckpoint(Buffer.from(body)) };
}

/**
 * Requests and verdicts from the tests of another implementation (litewitness, FiloSottile/litetlog): a Sigsum log with
 * 1, 3 and 5 leaves, its proofs and its signatures. Nothing here is made by our own code.
 */
describe('a log that somebody else made', () => {
  const origin = 'sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562';
  const spki = Buffer.from(
    '302a300506032b6570032100ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f',
    'hex',
  );
  const leaf = (n: number) => Buffer.from(`2a0${n}${'00'.repeat(30)}`, 'hex').toString('base64');
  const one = `${origin}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

— ${origin} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=
`;
  const three = `${origin}
3
RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=

— ${origin} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=
`;
  const five = `${origin}
5
QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=

— ${origin} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=
`;
  const oneToThree = [leaf(1), leaf(2)];
  const oneToFive = [leaf(1), '+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=', leaf(4)];
  const threeToFive = [leaf(2), leaf(3), 'wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=', leaf(4)];
  const body = (old: number, proof: readonly string[], note: string) =>
    `old ${old}\n${proof.map((hash) => `${hash}\n`).join('')}\n${note}`;
  const open = () => openOn(newFolder(), { origin, logKeys: [verifierKey(origin, 'ed25519', spki)] });

  it('is cosigned as it grows, by what each step proves', async () => {
    const { add, witness, errors } = await open();
    for (const request of [body(0, [], one), body(1, oneToThree, three), body(3, threeToFive, five)]) {
      const answer = await add(request);
      expect(answer.status).toBe(200);
      const text = `${parseNote(Buffer.from(request.slice(request.indexOf('\n\n') + 2)))!.text}`;
      const [line] = parseSignatures(answer.body)!;
      expect(verifyCosignature(text, line!, own.key)?.time).toBe(BigInt(AT / 1_000));
    }
    expect(parseNote((await witness.head())!)!.text.split('\n')[1]).toBe('5');
    expect(errors).toEqual([]);
  });

  it('gets the verdicts that the other implementation gives', async () => {
    const { add } = await open();
    expect(await add(body(0, [], one))).toMatchObject({ status: 200 });
    expect(await add(body(1, oneToThree, three.replace('x6go=', 'x6gs=')))).toMatchObject({ status: 403 });
    expect(await add(body(1, oneToThree, three.replaceAll('9e562', '9e561')))).toMatchObject({ status: 404 });
    expect(await add(body(1, [], three))).toMatchObject({ status: 422 });
    expect(await add(body(1, [leaf(1), leaf(3)], three))).toMatchObject({ status: 422 });
    expect(await add(body(0, [leaf(1)], three))).toMatchObject({ status: 409 });
    expect(await add(body(5, [], three))).toMatchObject({ status: 400 });
    expect(await add(body(1, oneToThree, three))).toMatchObject({ status: 200 });
    const stale = { status: 409, type: 'text/x.tlog.size', body: '3\n' };
    expect(await add(body(1, oneToFive, five))).toEqual(stale);
    expect(await add(body(0, [], one))).toEqual(stale);
    expect(await add(body(3, threeToFive, five))).toMatchObject({ status: 200 });
  });

  it('asked again for the same tree it says so again, later', async () => {
    let now = AT;
    const folder = newFolder();
    const { add } = await openOn(folder, {
      origin,
      logKeys: [verifierKey(origin, 'ed25519', spki)],
      nowMs: () => now,
    });
    await add(body(0, [], one));
    now += 60_000;
    const again = await add(body(1, [], one));
    expect(again.status).toBe(200);
    const [line] = parseSignatures(again.body)!;
    expect(verifyCosignature(parseNote(Buffer.from(one))!.text, line!, own.key)?.time).toBe(BigInt(now / 1_000));
    // The archive has a line for each tree, not for each time it was asked.
    expect(readFileSync(join(folder, 'cosigned-2026-03.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('two requests from the same size: one goes through, the other is told the new size', async () => {
    const { add, witness } = await open();
    await add(body(0, [], one));
    const answers = await Promise.all([add(body(1, oneToFive, five)), add(body(1, oneToThree, three))]);
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
    expect(parseNote((await witness.head())!)!.text.split('\n')[1]).toBe('5');
  });

  it('two processes on one folder: only one moves on from a head', async () => {
    const folder = newFolder();
    const parts = { origin, logKeys: [verifierKey(origin, 'ed25519', spki)] };
    const [first, second] = [await openOn(folder, parts), await openOn(folder, parts)];
    await first.add(body(0, [], one));
    const answers = await Promise.all([first.add(body(1, oneToFive, five)), second.add(body(1, oneToThree, three))]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = answers[0]!.status === 200 ? '5' : '3';
    for (const { witness } of [first, second]) {
      expect(parseNote((await witness.head())!)!.text.split('\n')[1]).toBe(winner);
    }
  });
});

describe('a log that has two histories', () => {
  const log = keyOf('qiao/log', 'ed25519');
  const treeOf = (leaves: readonly string[]) => {
    const { tree } = append(
      EMPTY_TREE,
      leaves.map((text) => leafHash(Buffer.from(text))),
    );
    return { size: tree.size, root: rootOf(tree) };
  };
  const noteOf = (leaves: readonly string[]) =>
    signNote(checkpointText({ origin: 'qiao/log', ...treeOf(leaves) }), [noteSigner(log.key, log.sign)]);
  const open = (folder: string) => openOn(folder, { logKeys: [log.key] });

  it('is refused at the same size, and both checkpoints are kept as the proof', async () => {
    const folder = newFolder();
    const { add, errors } = await open(folder);
    const [told, other] = [await noteOf(['a', 'b', 'c']), await noteOf(['a', 'b', 'x'])];
    expect(await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: told }))).toMatchObject({ status: 200 });
    const answer = await add(writeAddCheckpoint({ oldSize: 3n, proof: [], note: other }));
    expect(answer).toEqual({ status: 409, type: 'text/x.tlog.size', body: '3\n' });
    expect(errors).toEqual(['checkpoint-refused']);
    const kept = JSON.parse(readFileSync(join(folder, 'refused.jsonl'), 'utf8')) as { note: string; head: string };
    expect(kept.note).toBe(Buffer.from(other).toString());
    expect(parseNote(Buffer.from(kept.head))!.text).toBe(parseNote(told)!.text);
  });

  it('is refused when it grows from another tree, whatever proof comes with it', async () => {
    const { add } = await open(newFolder());
    await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: await noteOf(['a', 'b']) }));
    const note = await noteOf(['a', 'x', 'c']);
    const c = leafHash(Buffer.from('c'));
    // The proof that this very log would give, and others.
    for (const proof of [[c], [], [c, c], [leafHash(Buffer.from('b')), c], [treeOf(['a', 'b']).root]]) {
      expect(await add(writeAddCheckpoint({ oldSize: 2n, proof, note }))).toMatchObject({ status: 422 });
    }
    expect(
      await add(writeAddCheckpoint({ oldSize: 2n, proof: [c], note: await noteOf(['a', 'b', 'c']) })),
    ).toMatchObject({
      status: 200,
    });
  });

  it('rolled back to a smaller tree, is told the size that it had', async () => {
    const { add } = await open(newFolder());
    await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: await noteOf(['a', 'b', 'c']) }));
    const smaller = await noteOf(['a', 'b']);
    for (const oldSize of [0n, 1n, 2n]) {
      const answer = await add(writeAddCheckpoint({ oldSize, proof: [], note: smaller }));
      expect(answer).toMatchObject({ status: 409, body: '3\n' });
    }
  });

  it('is refused after a restart just the same: the head is on disk', async () => {
    const folder = newFolder();
    const before = await open(folder);
    await before.add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: await noteOf(['a', 'b', 'c']) }));
    const { add } = await open(folder);
    const note = await noteOf(['a', 'b', 'x']);
    expect(await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note }))).toMatchObject({ status: 409, body: '3\n' });
  });

  it('cannot fill the disk of its witness with refusals', async () => {
    const folder = newFolder();
    const { add } = await openOn(folder, {
      logKeys: [log.key],
      archive: openArchive(folder, { fileLimitBytes: 2_000 }),
    });
    await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: await noteOf(['a']) }));
    for (let n = 0; n < 20; n++) {
      await add(writeAddCheckpoint({ oldSize: 1n, proof: [], note: await noteOf([`x${n}`]) }));
    }
    expect(readFileSync(join(folder, 'refused.jsonl')).length).toBeLessThan(3_000);
  });

  it('an empty tree is cosigned only as the empty tree', async () => {
    const { add } = await open(newFolder());
    const lie = await signNote(checkpointText({ origin: 'qiao/log', size: 0n, root: Buffer.alloc(32) }), [
      noteSigner(log.key, log.sign),
    ]);
    expect(await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: lie }))).toMatchObject({ status: 409 });
    const truth = await noteOf([]);
    expect(await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: truth }))).toMatchObject({ status: 200 });
  });

  it('says nothing when what is on disk is not its own', async () => {
    const folder = newFolder();
    const { add } = await open(folder);
    await add(writeAddCheckpoint({ oldSize: 0n, proof: [], note: await noteOf(['a']) }));
    const [head] = readdirSync(folder).filter((name) => name.startsWith('head-'));
    // The log's checkpoint, but without the witness's own word.
    writeFileSync(join(folder, head!), await noteOf(['b']));
    const request = writeAddCheckpoint({ oldSize: 1n, proof: [], note: await noteOf(['b']) });
    await expect(add(request)).rejects.toThrow(/not cosigned with this key/);
  });

  it('a crowd is told to wait', async () => {
    const { witness } = await openOn(newFolder(), { logKeys: [log.key], waiting: 2 });
    const body = writeAddCheckpoint({ oldSize: 0n, proof: [], note: await noteOf(['a']) });
    const answers = await Promise.all([1, 2, 3].map(() => witness.addCheckpoint(body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 503]);
  });
});

describe('what is no request', () => {
  const note = 'qiao/log\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— qiao/log AAAAAAAA\n';
  const hash = 'KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
  it.each([
    ['nothing', ''],
    ['no old size', `\n${note}`],
    ['an old size with a leading zero', `old 01\n\n${note}`],
    ['an old size that is no number', `old one\n\n${note}`],
    ['a negative old size', `old -1\n\n${note}`],
    ['a hash of another length', `old 0\nAAAA\n\n${note}`],
    ['a hash of another spelling', `old 0\n${hash.replace('A=', 'B=')}\n${note}`],
    ['carriage returns', `old 0\r\n\r\n${note}`],
    ['more hashes than a proof can have', `old 0\n${hash.repeat(MOST_PROOF_LINES + 1)}\n${note}`],
    ['no note', 'old 0\n\n'],
    ['a note that is no checkpoint', 'old 0\n\nhello\n\n— qiao/log AAAAAAAA\n'],
  ])('%s', async (_, body) => {
    const { add } = await openOn(newFolder());
    expect(await add(body)).toMatchObject({ status: 400 });
  });

  it('without a valid signature nothing else is looked at', async () => {
    const { add } = await openOn(newFolder());
    expect(await add(`old 0\n\n${note}`)).toMatchObject({ status: 403 });
  });
});
