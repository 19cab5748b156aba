import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { checkpointText, isSameTree, parseCheckpoint } from '../../src/log/checkpoint.ts';
import { cosign, cosignaturesOf } from '../../src/log/cosignature.ts';
import {
  noteSigner,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
  writeNote,
  writeVerifierKey,
} from '../../src/log/note.ts';
import { openCheckpoint, readPolicy } from '../../src/log/quorum.ts';

const noSm2 = () => false;

/** A checkpoint of a public CT log with what public witnesses said of it (May 2026). */
const PUBLIC = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`;
const PUBLIC_LOG = 'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f';
const PUBLIC_WITNESSES = [
  'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
  'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
  'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
];
const publicPolicy = (quorum: number, origin = 'arche2025h1.staging.ct.transparency.dev') =>
  readPolicy({
    log: { origin, keys: [PUBLIC_LOG] },
    witnesses: PUBLIC_WITNESSES.map((key, at) => ({ exchange: `w${at}`, key })),
    quorum,
  })!;

describe('a checkpoint of a public log, with the cosignatures of public witnesses', () => {
  it('is read, and signed by its log and by all four witnesses', () => {
    const opened = openCheckpoint(Buffer.from(PUBLIC), publicPolicy(4), noSm2);
    expect(opened).toMatchObject({ ok: true, final: true, checkpoint: { size: 1_432_088_532n } });
    if (!opened.ok) return;
    expect(opened.cosignatures.map(({ key }) => writeVerifierKey(key))).toEqual(PUBLIC_WITNESSES);
    expect(opened.cosignatures.map(({ time }) => time)).toEqual(Array(4).fill(0x6a122120n));
    expect(checkpointText(opened.checkpoint)).toBe(opened.note.text);
  });

  it('of another size is signed by nobody', () => {
    const changed = PUBLIC.replace('1432088532', '1432088531');
    expect(openCheckpoint(Buffer.from(changed), publicPolicy(1), noSm2)).toEqual({ ok: false, fault: 'not-signed' });
    const witnesses = PUBLIC_WITNESSES.map((key) => parseVerifierKey(key)!);
    expect(cosignaturesOf(parseNote(Buffer.from(changed))!, witnesses)).toEqual([]);
  });

  it('counts each witness once, however often its line is there', () => {
    const lines = PUBLIC.split('\n').filter((line) => !/witness|stagemole/.test(line));
    const twice = `${lines.join('\n')}${lines.at(-2)}\n`;
    const opened = openCheckpoint(Buffer.from(twice), publicPolicy(2), noSm2);
    expect(opened).toMatchObject({ ok: true, final: false });
  });

  it('of another log is not ours', () => {
    const text = PUBLIC.replaceAll('arche2025h1', 'arche2026h1');
    expect(openCheckpoint(Buffer.from(text), publicPolicy(1), noSm2)).toEqual({ ok: false, fault: 'wrong-log' });
  });
});

describe('what is no checkpoint', () => {
  const root = 'U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=';
  it.each([
    ['a leading zero', `qiao/log\n07\n${root}\n`],
    ['a sign', `qiao/log\n+7\n${root}\n`],
    ['more leaves than can be', `qiao/log\n9223372036854775808\n${root}\n`],
    ['no size', `qiao/log\n\n${root}\n`],
    ['a root of another length', 'qiao/log\n7\nAAAA\n'],
    ['a root of another spelling', `qiao/log\n7\n${root.replace('Ro=', 'Rp=')}\n`],
    ['no origin', `\n7\n${root}\n`],
    ['an extension line', `qiao/log\n7\n${root}\nmore\n`],
    ['no line break at the end', `qiao/log\n7\n${root}`],
  ])('%s', (_, text) => expect(parseCheckpoint(text)).toBeUndefined());

  it('an empty tree and the largest are', () => {
    for (const size of ['0', '9223372036854775807']) {
      const text = `qiao/log\n${size}\n${root}\n`;
      expect(checkpointText(parseCheckpoint(text)!)).toBe(text);
    }
  });

  it('trees are the same by size and root', () => {
    const [one, other] = [7n, 8n].map((size) => ({ size, root: Buffer.alloc(32) })) as [never, never];
    expect([isSameTree(one, { size: 7n, root: Buffer.alloc(32) }), isSameTree(one, other)]).toEqual([true, false]);
  });
});

describe('a cosignature', () => {
  const made = (name: string, type: 'ed25519' | 'cosignature') => {
    const pair = generateKeyPairSync('ed25519');
    const key = verifierKey(name, type, pair.publicKey.export({ format: 'der', type: 'spki' }));
    return { pair, key, sign: (bytes: Uint8Array) => sign(null, bytes, pair.privateKey) };
  };
  const log = made('qiao/log', 'ed25519');
  const witnesses = ['ctex', 'stex', 'szse'].map((exchange) => ({
    exchange,
    ...made(`${exchange}/witness`, 'cosignature'),
  }));
  const [first, second, third] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0], (typeof witnesses)[0]];
  const written = {
    log: { origin: 'qiao/log', keys: [writeVerifierKey(log.key)] },
    witnesses: witnesses.map(({ exchange, key }) => ({ exchange, key: writeVerifierKey(key) })),
    quorum: 2,
  };
  const policy = readPolicy(written)!;
  const text = checkpointText({ origin: 'qiao/log', size: 5n, root: Buffer.alloc(32, 7) });
  const atMs = Date.parse('2026-03-02T09:30:00.900+08:00');
  const by = (witness: typeof first) => cosign(text, witness.key, atMs, witness.sign);
  const withLines = async (...lines: Awaited<ReturnType<typeof by>>[]) => {
    const note = parseNote(await signNote(text, [noteSigner(log.key, log.sign)]))!;
    return writeNote({ text, signatures: [...note.signatures, ...lines] });
  };
  const isFinal = async (...lines: Awaited<ReturnType<typeof by>>[]) => {
    const opened = openCheckpoint(await withLines(...lines), policy, noSm2);
    return opened.ok && opened.final;
  };

  it('is over the words of the specification, with the time in whole seconds', async () => {
    const { bytes } = await by(first);
    const seconds = Math.floor(atMs / 1_000);
    expect(Buffer.from(bytes).readBigUInt64BE(0)).toBe(BigInt(seconds));
    const signed = Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
    expect(verify(null, signed, first.pair.publicKey, bytes.subarray(8))).toBe(true);
  });

  it('of two of three witnesses makes a checkpoint final; of one, or of one twice, does not', async () => {
    const [one, two, three] = [await by(first), await by(second), await by(third)];
    expect(await isFinal()).toBe(false);
    expect(await isFinal(one)).toBe(false);
    expect(await isFinal(one, await cosign(text, first.key, atMs + 60_000, first.sign))).toBe(false);
    expect(await isFinal(one, two)).toBe(true);
    expect(await isFinal(three, one)).toBe(true);
    expect(await isFinal(one, two, three)).toBe(true);
  });

  it('does not count when its time is changed, when another signed it, or when it is a plain signature', async () => {
    const one = await by(first);
    const bytes = Buffer.from(one.bytes);
    bytes.writeBigUInt64BE(bytes.readBigUInt64BE(0) + 1n);
    expect(await isFinal({ ...one, bytes }, await by(second))).toBe(false);
    expect(await isFinal(await cosign(text, second.key, atMs, first.sign), one)).toBe(false);
    expect(await isFinal({ ...one, bytes: first.sign(Buffer.from(text)) }, await by(second))).toBe(false);
  });

  it('of the log itself is no witness', async () => {
    expect(await isFinal(await by(first), await cosign(text, log.key, atMs, log.sign))).toBe(false);
  });

  it('a policy with one key under two names, two keys of one exchange or an unreachable quorum is none', () => {
    const [one, two] = written.witnesses as [(typeof written.witnesses)[0], (typeof written.witnesses)[0]];
    const twin = verifierKey(
      'twin/witness',
      'cosignature',
      first.pair.publicKey.export({ format: 'der', type: 'spki' }),
    );
    const wrong = [
      { ...written, witnesses: [one, { exchange: 'twin', key: writeVerifierKey(twin) }] },
      { ...written, witnesses: [one, { ...two, exchange: one.exchange }] },
      { ...written, quorum: 4 },
      { ...written, quorum: 0 },
      { ...written, quorum: 1.5 },
      { ...written, log: { ...written.log, keys: [] } },
      { ...written, log: { ...written.log, keys: [one.key] } },
      { ...written, log: { ...written.log, origin: 'else/log' } },
      { ...written, witnesses: [{ exchange: 'ctex', key: written.log.keys[0]! }], quorum: 1 },
      { ...written, witnesses: [{ exchange: 'ctex', key: 'nonsense' }], quorum: 1 },
    ];
    for (const one of wrong) expect(readPolicy(one)).toBeUndefined();
  });
});
