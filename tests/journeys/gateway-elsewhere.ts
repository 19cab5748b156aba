import { adapters } from '../../adapters/all.ts';
import { readConfig } from '../../src/config.ts';
import { openGateway } from '../../src/gateway.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';

/** A gateway as a process of its own, on the day of the test that kills it. */
const { env, aheadMs } = JSON.parse(process.argv[2]!) as {
  readonly env: Readonly<Record<string, string>>;
  readonly aheadMs: number;
};
const nowMs = () => Date.now() + aheadMs;
const keys = await openKeyStore(String(env.QIAO_KEYS), { demo: true, nowMs });
const gateway = await openGateway({
  config: readConfig(env, {}),
  ...{ adapters, keys, nowMs },
  databaseUrl: String(env.DATABASE_URL),
  log: (level, event, fields) => {
    if (level !== 'info') process.stderr.write(`${JSON.stringify({ level, event, ...fields })}\n`);
  },
});
process.once('SIGTERM', () => {
  void gateway.stop().then(async (inTime) => {
    await keys.close();
    process.exitCode = inTime ? 0 : 1;
  });
});
process.stdout.write(`gateway ${gateway.url}\n`);
