import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { stex } from '../../../adapters/stex/adapter.ts';
import { openStexMock } from '../../../adapters/stex/mock.ts';
import type { Answer, Arrival, LinkPorts, LinkSettings } from '../../../src/contract/adapter.ts';
import type { DeskListing, MockExchange } from '../../../src/contract/mock.ts';
import type { Refusal } from '../../../src/contract/refusal.ts';
import { nativeSigner, nativeVerifier } from '../../../src/trust/native.ts';
import { nativeSm2 } from '../../../src/trust/sm2.ts';
import { memoryInMemory } from '../../support/memory.ts';

/** A key pair on the SM2 curve, made for this run. */
export function sm2Keys() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    pem,
    signer: nativeSigner(pem, nativeSm2),
    verifier: nativeVerifier(publicKey.export({ type: 'spki', format: 'pem' }).toString(), nativeSm2),
  };
}

export const gatewayKeys = sm2Keys();
export const exchangeKeys = sm2Keys();

/** What the gateway's side of a test sees. */
export interface Gateway {
  readonly arrivals: Arrival[];
  readonly refused: { readonly arrival: Arrival; readonly refusal: Refusal }[];
  /** What `receive` answers; may be replaced. */
  answer: (arrival: Arrival) => Promise<Answer>;
}

export interface Market {
  readonly mock: MockExchange;
  readonly url: string;
  readonly gateway: Gateway;
  readonly link: ReturnType<typeof stex.openLink>;
  /** Resolves once `done` holds, checked after every arrival and answer. */
  until(done: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export const nowMs = () => Date.now();

export function portsOf(gateway: Gateway, changed: Partial<LinkPorts> = {}): LinkPorts {
  return {
    signer: gatewayKeys.signer,
    verifier: exchangeKeys.verifier,
    memory: memoryInMemory(),
    nowMs,
    nonce: () => randomBytes(16).toString('hex'),
    receive: async (arrival) => {
      gateway.arrivals.push(arrival);
      return gateway.answer(arrival);
    },
    keepRefused: async (arrival, refusal) => void gateway.refused.push({ arrival, refusal }),
    log: () => {},
    ...changed,
  };
}

export function newGateway(): Gateway {
  return { arrivals: [], refused: [], answer: async ({ key }) => ({ outcome: 'accepted', messageId: key }) };
}

export const settings: Omit<LinkSettings, 'url'> = {
  member: 'QIAO',
  timeoutMs: 5_000,
  maxAnswerBytes: 8 * 1_048_576,
  pollIntervalMs: 5,
  concurrency: 8,
  heartbeatS: 30,
};

/** A mock exchange and a link to it, over a real socket. */
export async function openMarket(
  changed: { ports?: Partial<LinkPorts>; settings?: Partial<LinkSettings>; member?: string } = {},
): Promise<Market> {
  const mock = openStexMock();
  const { signer } = exchangeKeys;
  const { url } = await mock.start({
    signer,
    verifier: gatewayKeys.verifier,
    member: changed.member ?? 'QIAO',
    port: 0,
    nowMs,
    nonce: () => randomBytes(16).toString('hex'),
  });
  const gateway = newGateway();
  const link = stex.openLink({ ...settings, url: url!, ...changed.settings }, portsOf(gateway, changed.ports));
  return {
    mock,
    url: url!,
    gateway,
    link,
    async until(done) {
      while (!done()) await new Promise((resolve) => setImmediate(resolve));
    },
    async close() {
      await link.stop();
      await mock.stop();
    },
  };
}

export const deskListing: DeskListing = {
  number: '沪技挂2026-0101',
  version: 1,
  title: '示例减速器技术',
  dealType: 'transfer',
  mode: 'agreement',
  objectType: 'invention',
  ipNumber: 'ZL202310123456.6',
  ipTitle: '一种示例装置',
  field: '03',
  industry: 'C3491',
  maturity: 7,
  seller: {
    name: '上海示例智能装备有限公司',
    uscc: '91310110MA1G003960',
    nature: 'private',
    region: '310110',
    country: '142',
  },
  priceKind: 'fixed',
  priceFen: 128_500_000n,
  depositFen: 25_700_000n,
  publishedAt: '2026-03-02T09:30:00+08:00',
  startsOn: '2026-03-02',
  endsOn: '2026-03-30',
  plan: 'instalments',
  instalments: [
    { percent: 30, dueDays: 5 },
    { percent: 70, dueDays: 180 },
  ],
};
