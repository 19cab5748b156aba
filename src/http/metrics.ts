import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { LinkState } from '../contract/adapter.ts';
import type { Database } from '../journal/database.ts';
import { countDeliveries } from '../journal/message-reads.ts';

/** What `/metrics` shows. Other rooms may register their own on the same registry. */
export interface Metrics {
  readonly registry: Registry;
  /** One answered request: the route as declared, never the path as asked, so that the labels stay few. */
  answered(route: string, method: string, status: number, seconds: number): void;
}

export interface Measured {
  readonly database: Database;
  readonly links: readonly { readonly exchange: string; state(): LinkState }[];
}

/**
 * - `qiao_http_requests_total{route,method,status}`, `qiao_http_request_seconds{route}`
 * - `qiao_link_up{exchange}`: 1 while the link to the exchange stands
 * - `qiao_deliveries{exchange,state}`: on their way (`waiting`, `sending`, `in-doubt`) and `dead`
 * - the process's own: `process_…`, `nodejs_…`
 */
export function openMetrics({ database, links }: Measured): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'qiao_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'qiao_http_request_seconds',
    help: 'Seconds from the first byte to the answer',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.15, 0.5, 2, 10],
    registers,
  });
  new Gauge({
    name: 'qiao_link_up',
    help: '1 while the link to the exchange stands',
    labelNames: ['exchange'],
    registers,
    collect() {
      for (const { exchange, state } of links) this.set({ exchange }, state().up ? 1 : 0);
    },
  });
  new Gauge({
    name: 'qiao_deliveries',
    help: 'Deliveries not ended, and dead ones, by exchange and state',
    labelNames: ['exchange', 'state'],
    registers,
    async collect() {
      const counts = await countDeliveries(database);
      this.reset();
      for (const { exchange, state, count } of counts) this.set({ exchange, state }, Number(count));
    },
  });
  return {
    registry,
    answered(route, method, status, took) {
      requests.inc({ route, method, status });
      seconds.observe({ route }, took);
    },
  };
}
