import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openLog } from '../../src/cli/log.ts';
import type { Parts } from '../../src/http/parts.ts';
import { webhookListener } from '../../src/http/webhook.ts';

/** The real door and the real log, with a link behind it that fails and says everything it was sent. */
const receive = ({ pathWithQuery, body }: { readonly pathWithQuery: string; readonly body: Uint8Array }) => {
  const told = Buffer.from(body).toString('utf8');
  return Promise.reject(new Error(`failed: ${told}`, { cause: new Error(`${decodeURIComponent(pathWithQuery)}`) }));
};
const parts = {
  webhooks: [{ path: '/exchanges/ctex/notify', receive }],
  limits: { bodyLimitBytes: 1_048_576, pageLimit: 1, pageDefault: 1 },
  metrics: { answered: () => {} },
  newId: () => 'an-id',
  log: openLog('info'),
} as unknown as Parts;

const pushed = webhookListener(parts);
const server = createServer((request, response) => void pushed(request, response));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`at http://127.0.0.1:${(server.address() as AddressInfo).port} \n`);
});
