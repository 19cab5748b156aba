import { type Config, plainAddresses } from './config.ts';
import type { Webhook } from './contract/adapter.ts';
import type { Exchange } from './contract/exchange.ts';
import { openFaults } from './faults.ts';
import type { Log } from './gateway.ts';
import { repeat } from './gateway-timing.ts';
import { exchangeDoor } from './http/exchange-door.ts';
import type { Parts } from './http/parts.ts';
import { type Listening, listen } from './http/server.ts';
import { StartFailure, stepOf } from './start-failure.ts';
import { KeyProblem, type KeyStore } from './trust/keystore.ts';
import { openTls, type TlsSide } from './trust/tls.ts';
import { tlsMaterialOf } from './trust/tls-material.ts';

export interface LinkTls {
  readonly side: TlsSide;
  /** No longer follows the key store, nor looks at what is open. */
  stop(): Promise<void>;
}

/**
 * The gateway's side of mutual TLS with the exchanges, following the key store while it runs; undefined where the store
 * has no certificate for it and no address asks for one. Throws {@link StartFailure} where one does.
 */
export function openLinkTls(config: Config, keys: KeyStore, log: Log, nowMs: () => number): LinkTls | undefined {
  const plain = plainAddresses(config.exchanges);
  if (plain.length > 0) {
    log('warn', 'plain-links', {
      settings: plain,
      zh: '与这些交易所之间没有 TLS：内容可被窃听，对方未经证书认证',
      en: 'no TLS to these exchanges: what is said can be overheard, and no certificate proves the other side',
    });
  }
  if (!config.plainLinks && config.exchangePort === undefined && config.exchanges.ctexUrl !== undefined) {
    log('warn', 'exchange-port-closed', {
      zh: '未设置 QIAO_EXCHANGE_PORT：ctex 的推送无处可达',
      en: 'QIAO_EXCHANGE_PORT is not set: what ctex pushes cannot arrive',
    });
  }
  const warnings = openFaults(
    (_, event, fields) => log('warn', event, fields),
    () => performance.now(),
  );
  let side: TlsSide;
  try {
    side = openTls(tlsMaterialOf(keys, 'qiao'), {
      sm2: keys.sm2,
      nowMs,
      // Each fault by itself, once a second at most: strangers knock as often as they like.
      refused: (use, why) => warnings.of(`${use} ${why.fault}`)(why),
      failed: warnings.of('tls-handshake'),
    });
  } catch (error) {
    if (!asksForTls(config)) return undefined;
    const [zh, en] =
      error instanceof KeyProblem ? [error.zh, error.en] : ['密钥与证书不符', 'key and certificate do not fit'];
    throw new StartFailure(
      `双向 TLS 需要 participants/qiao/tls.*：${zh}（qiao certs）`,
      `mutual TLS needs participants/qiao/tls.*: ${en} (qiao certs)`,
      error,
    );
  }
  const forget = keys.trust.onChange(() => {
    try {
      side.renew(tlsMaterialOf(keys, 'qiao'));
      log('info', 'tls-renewed');
    } catch (error) {
      log('error', 'tls-not-renewed', { error });
    }
  });
  const stop = repeat(
    async () => side.recheck(),
    config.limits.peerCheckMs,
    (error) => log('error', 'tls-recheck', { error }),
  );
  return {
    side,
    stop: () => {
      forget();
      warnings.flush();
      return stop();
    },
  };
}

/** Opens the port that exchanges push to, where there is one. */
export async function openExchangeDoor(
  { exchangePort, limits }: Config,
  tls: LinkTls | undefined,
  webhooks: ReadonlyMap<Exchange, Webhook>,
  surface: Parts,
): Promise<Listening | undefined> {
  if (exchangePort === undefined || tls === undefined) return undefined;
  const { host, port } = exchangePort;
  const text = {
    zh: `无法监听 ${host}:${port}，请换用 QIAO_EXCHANGE_HOST 或 QIAO_EXCHANGE_PORT`,
    en: `cannot listen on ${host}:${port}: choose another QIAO_EXCHANGE_HOST or QIAO_EXCHANGE_PORT`,
  };
  const settings = { side: tls.side, expected: [...webhooks.keys()], maxConnections: limits.exchangeConnections };
  return stepOf(text, () =>
    listen(exchangeDoor(webhooks, tls.side, surface), {
      ...limits,
      ...exchangePort,
      tls: { ...settings, handshakeTimeoutMs: limits.handshakeTimeoutMs },
    }),
  );
}

function asksForTls({ exchanges, exchangePort }: Config): boolean {
  const urls = Object.values(exchanges).filter((address) => typeof address === 'string');
  const secure = exchanges.szseAddress?.secure === true || urls.some((url) => url.startsWith('https:'));
  return secure || exchangePort !== undefined;
}
