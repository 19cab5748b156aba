import { writeFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { refuse } from '../contract/refusal.ts';
import type { AddCommand } from './command.ts';
import { configFor } from './config.ts';
import { readInput } from './input.ts';
import { refuseInput, write } from './output.ts';
import { EXIT, Surroundings, type Terminal } from './terminal.ts';

interface Options {
  readonly out: string;
  readonly gateway?: string;
  readonly tokenFile?: string;
  readonly against?: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `qiao evidence <message id> --out F`: everything that proves one message, in one file. */
export const addEvidence: AddCommand = (program, { terminal, end }) => {
  program
    .command('evidence')
    .description('取得一条消息的证据包 / everything that proves one message, in one file')
    .argument('<id>', '消息编号（UUID）/ id of the message')
    .requiredOption('--out <file>', '写入的文件 / where to write it')
    .option(
      '--gateway <url>',
      '向运行中的网关索取；缺省直接读数据库 / ask a running gateway; else the database is read',
    )
    .option('--token-file <file>', '网关令牌文件，缺省用 QIAO_OPERATOR_TOKEN / file with the token for the gateway')
    .option(
      '--against <checkpoint>',
      '附上与该检查点的一致性证明 / with the proof that this checkpoint is of the same log',
    )
    .action(async (id: string, options: Options) => {
      const config = configFor(terminal.env);
      const found = UUID.test(id) ? await bundleOf(id, options, config, terminal) : undefined;
      if (found === undefined)
        return end(await refuseInput(terminal, [refuse('reference-unknown', '', id.slice(0, 80))]));
      await writeFile(options.out, found.text).catch((error: NodeJS.ErrnoException) => {
        const why = error.code ?? error.message;
        throw new Surroundings(`无法写入 ${options.out}（${why}）`, `cannot write ${options.out} (${why})`, error);
      });
      const state = found.isFinal
        ? '已有见证定数，可离线验证 / enough witnesses: it can be verified'
        : '尚未终局，请稍后重新取得 / not final yet: fetch it again later';
      await write(terminal.stdout, `${options.out}\n  ${state}\n`);
      end(EXIT.done);
    });
};

interface Found {
  readonly text: string;
  readonly isFinal: boolean;
}

async function bundleOf(
  id: string,
  { gateway, tokenFile, against }: Options,
  config: Config,
  terminal: Terminal,
): Promise<Found | undefined> {
  if (gateway !== undefined) {
    if (against !== undefined) {
      throw new Surroundings('--against 只可用于直接读数据库', '--against works on the database only');
    }
    const token = tokenFile === undefined ? config.operatorToken : await textOf(terminal, tokenFile);
    return await fromGateway(id, gateway, token, config.limits.exchangeTimeoutMs);
  }
  return await fromDatabase(id, against, config, terminal);
}

async function fromDatabase(
  id: string,
  against: string | undefined,
  config: Config,
  terminal: Terminal,
): Promise<Found | undefined> {
  const { actorHere, onStore } = await import('./store.ts');
  const { recordAct } = await import('../journal/audit.ts');
  const { transaction } = await import('../journal/database.ts');
  const { openKeyStore } = await import('../trust/keystore.ts');
  const { evidenceOf } = await import('../http/evidence.ts');
  const { writeBundle } = await import('../evidence/bundle.ts');
  const { anchor } = await openKeyStore(config.keysFolder, { demo: !config.production, nowMs: terminal.nowMs });
  const quorum = { witnesses: anchor.witnesses.map(({ exchange }) => exchange), needed: anchor.quorum };
  const note = against === undefined ? undefined : await readInput(terminal, against);
  if (note !== undefined && !note.ok) throw new Surroundings('检查点文件过大', 'the checkpoint file is too large');
  const found = await onStore(config, async (database) => {
    const evidence = await evidenceOf(database, id, quorum, note?.value);
    if (evidence === undefined) return undefined;
    const act = { act: 'evidence-exported', subject: `message/${id}`, at: new Date(terminal.nowMs()) };
    await transaction(database, (connection) => recordAct(connection, { ...actorHere(), ...act }));
    return evidence;
  });
  return found && { text: writeBundle(found.bundle), isFinal: found.isFinal };
}

async function fromGateway(
  id: string,
  gateway: string,
  token: string | undefined,
  timeoutMs: number,
): Promise<Found | undefined> {
  const { MAX_BUNDLE_BYTES } = await import('../evidence/bundle.ts');
  const url = `${gateway.replace(/\/+$/, '')}/v1/messages/${id}/evidence`;
  const failed = (why: string, cause?: unknown) =>
    new Surroundings(`网关没有给出证据（${why}）：${url}`, `the gateway gave no evidence (${why}): ${url}`, cause);
  let answer: Response;
  let text = '';
  try {
    answer = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString('latin1');
      if (text.length > MAX_BUNDLE_BYTES) throw new RangeError('too large');
    }
  } catch (error) {
    const { message, cause } = error as Error;
    throw failed((cause as NodeJS.ErrnoException | undefined)?.code ?? message, error);
  }
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw failed(`HTTP ${answer.status}`);
  const json = Buffer.from(text, 'latin1').toString('utf8');
  return { text: json, isFinal: answer.headers.get('x-qiao-final') === 'yes' };
}

async function textOf(terminal: Terminal, file: string): Promise<string> {
  const read = await readInput(terminal, file);
  return read.ok ? Buffer.from(read.value).toString('utf8').trim() : '';
}
