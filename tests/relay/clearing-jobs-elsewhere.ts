import { openClearingJobs } from '../../src/relay/clearing-jobs.ts';

/** Another gateway: takes what it gets and never ends it. Its test kills it. */
const { databaseUrl, redisUrl, prefix } = JSON.parse(process.argv[2]!) as {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  readonly prefix: string;
};
await openClearingJobs({
  ...{ databaseUrl, redisUrl, prefix },
  ...{ atOnce: 3, lockMs: 2_000, pollMs: 50 },
  perform: (input) => {
    process.stdout.write(`took ${JSON.stringify(input)}\n`);
    return new Promise(() => {});
  },
  onFault: () => {},
});
process.stdout.write('open\n');
