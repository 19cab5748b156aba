import { type Access, openAccess } from '../access/access.ts';
import { addAccount, type By, disableAccount, resetAccount } from '../access/accounts.ts';
import { roles } from '../access/actor.ts';
import { type Checked, refuse } from '../contract/refusal.ts';
import { listAccounts } from '../journal/accounts.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import type { AddCommand } from './command.ts';
import { configFor } from './config.ts';
import { readInput } from './input.ts';
import { refuseInput, write, writeJson } from './output.ts';
import { actorHere, onStore } from './store.ts';
import { EXIT, type Terminal } from './terminal.ts';

interface AddOptions {
  readonly role: string;
  readonly exchange?: string;
  readonly passwordFile?: string;
}

/** `qiao users`: accounts, by whoever may use the gateway's own database. Every change stands in the audit trail. */
export const addUsers: AddCommand = (program, { terminal, end }) => {
  const users = program.command('users').description('账号管理 / accounts');

  /** One change in one transaction; what it gives is printed, what it refuses is a problem on stderr. */
  const change = async <Value>(
    work: (connection: Queryable, access: Access, by: By, at: Date) => Promise<Checked<Value>>,
    say: (value: Value) => string,
  ) => {
    const done = await onAccess(terminal, (database, access) => {
      const { actor: name, role } = actorHere();
      return transaction(database, (connection) =>
        work(connection, access, { name, role }, new Date(terminal.nowMs())),
      );
    });
    if (!done.ok) return end(await refuseInput(terminal, done.refusals));
    await write(terminal.stdout, say(done.value));
    end(EXIT.done);
  };

  users
    .command('add <name>')
    .description(
      '新建账号；不给口令文件时生成口令并只显示一次 / add one; without a file a password is made and shown once',
    )
    .requiredOption('--role <role>', roles.join(', '))
    .option('--exchange <exchange>', '只见该所数据 / sees the rows of that exchange only: ctex, stex, szse')
    .option('--password-file <file>', '口令文件，- 为标准输入 / the password from a file, - for standard input')
    .action(async (name: string, { role, exchange = undefined, passwordFile }: AddOptions) => {
      const password = await passwordIn(terminal, passwordFile);
      await change(
        (connection, access, by, at) =>
          password.ok
            ? addAccount(connection, { name, role, exchange: exchange ?? null, ...password.value }, by, at, access)
            : Promise.resolve(password),
        (made) =>
          `${made.name}  ${made.role}${made.exchange === null ? '' : `@${made.exchange}`}\n${shown(made.password)}`,
      );
    });

  users
    .command('list')
    .description('账号列表 / every account')
    .option('--json', '以 JSON 输出 / as JSON')
    .action(async ({ json }: { json?: true }) => {
      const accounts = await onAccess(terminal, (database) => listAccounts(database));
      if (json) await writeJson(terminal.stdout, accounts);
      else {
        const { table } = await import('./table.ts');
        const lines = accounts.map(({ name, role, exchange, disabled, createdAt }) => [
          name,
          role,
          exchange ?? '',
          disabled ? '已停用 disabled' : '',
          createdAt.toISOString(),
        ]);
        await write(terminal.stdout, table(['账号 name', '角色 role', '交易所', '状态', '建立 created'], lines));
      }
      end(EXIT.done);
    });

  users
    .command('disable <name>')
    .description('停用，并结束其全部会话与密钥 / close it, its sessions and keys')
    .action((name: string) =>
      change(
        async (connection, access, by, at) =>
          (await disableAccount(connection, name, by, at, access))
            ? { ok: true, value: name }
            : { ok: false, refusals: [refuse('reference-unknown', '/name', name)] },
        (closed) => `${closed}  已停用 disabled\n`,
      ),
    );

  users
    .command('reset <name>')
    .description('新口令，并重新启用 / a new password, open again')
    .option('--password-file <file>', '口令文件，- 为标准输入 / the password from a file, - for standard input')
    .action(async (name: string, { passwordFile }: { passwordFile?: string }) => {
      const password = await passwordIn(terminal, passwordFile);
      await change(
        (connection, access, by, at) =>
          password.ok
            ? resetAccount(connection, name, by, at, access, password.value.password)
            : Promise.resolve(password),
        (reset) => `${name}\n${shown(reset.password)}`,
      );
    });
};

function shown(password: string | null): string {
  return password === null ? '' : `口令（只显示这一次）/ password (shown this once): ${password}\n`;
}

async function onAccess<Result>(
  terminal: Terminal,
  work: (database: Database, access: Access) => Promise<Result>,
): Promise<Result> {
  const config = configFor(terminal.env);
  return await onStore(config, (database) =>
    work(
      database,
      openAccess({
        database,
        limits: config.limits,
        automationToken: undefined,
        openId: undefined,
        nowMs: terminal.nowMs,
      }),
    ),
  );
}

/** The file's text without the line break that editors and `echo` end it with. */
async function passwordIn(
  terminal: Terminal,
  file: string | undefined,
): Promise<Checked<{ readonly password?: string }>> {
  if (file === undefined) return { ok: true, value: {} };
  const read = await readInput(terminal, file);
  if (!read.ok) return read;
  return {
    ok: true,
    value: {
      password: Buffer.from(read.value)
        .toString('utf8')
        .replace(/\r?\n$/, ''),
    },
  };
}
