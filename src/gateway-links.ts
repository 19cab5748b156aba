import type { Config } from './config.ts';
import type { Link, LinkSettings } from './contract/adapter.ts';
import type { Exchange } from './contract/exchange.ts';

/** How one exchange is reached. */
export interface Reach {
  readonly settings: LinkSettings;
  /** The variable that has to be set before anything can be sent there. */
  readonly missing: string | undefined;
}

const VARIABLES = { ctex: 'QIAO_CTEX_URL', stex: 'QIAO_STEX_URL', szse: 'QIAO_SZSE_ADDRESS' } as const;

/** Never dialled: RFC 6761 keeps `.invalid` for that. */
const NOWHERE = { url: 'http://not-configured.invalid', address: 'not-configured.invalid:1' };

export function reachOf(config: Config, exchange: Exchange): Reach {
  const { limits, exchanges } = config;
  const url = { ctex: exchanges.ctexUrl, stex: exchanges.stexUrl, szse: exchanges.szseFilesUrl }[exchange];
  const session = exchange === 'szse' ? exchanges.szseAddress : undefined;
  const isReachable = exchange === 'szse' ? session !== undefined : url !== undefined;
  const addresses = {
    ...(url === undefined ? {} : { url }),
    ...(session === undefined ? {} : { address: addressOf(session), secure: session.secure }),
  };
  const settings = {
    member: config.member,
    ...(isReachable ? addresses : NOWHERE),
    timeoutMs: limits.exchangeTimeoutMs,
    maxAnswerBytes: limits.bodyLimitBytes,
    maxStatementBytes: limits.statementFileLimitBytes,
    pollIntervalMs: limits.outboxPollMs,
    concurrency: limits.deliveryConcurrency,
    heartbeatS: 30,
  };
  return { settings, missing: isReachable ? undefined : VARIABLES[exchange] };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}

/**
 * Stands in for the link to an exchange that has no address: it is never started and sends nothing; what the exchange
 * pushes is still taken in, for that needs no address of theirs.
 */
export function linkNotConfigured(link: Link, variable: string): Link {
  const detail = { zh: `未配置：请设置 ${variable}`, en: `not configured: set ${variable}` };
  const waits = async () => ({ outcome: 'retry', afterMs: 60_000, reason: detail.en }) as const;
  return {
    start: async () => {},
    stop: () => link.stop(),
    send: waits,
    ask: waits,
    fetchStatement: async () => {
      throw new Error(`${detail.zh} / ${detail.en}`);
    },
    state: () => {
      const { lastHeardAtMs } = link.state();
      return { up: false, ...(lastHeardAtMs === undefined ? {} : { lastHeardAtMs }), detail };
    },
    ...(link.webhook === undefined ? {} : { webhook: link.webhook }),
  };
}
