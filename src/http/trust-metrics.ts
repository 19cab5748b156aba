import { Gauge, type Registry } from 'prom-client';
import type { TrustState } from '../trust/expiry.ts';

/**
 * - `qiao_trust_days_left{kid}`: days until a key, certificate or revocation list ends; with fractions, negative afterwards
 * - `qiao_trust_version`: the version of the trust list in force
 * - `qiao_trust_refused`: 1 while the file trust.json could not come into force
 */
export function measureTrust(registry: Registry, state: () => TrustState, nowMs: () => number): void {
  const registers = [registry];
  new Gauge({
    name: 'qiao_trust_days_left',
    help: 'Days until a key, certificate or revocation list ends',
    labelNames: ['kid'],
    registers,
    collect() {
      this.reset();
      for (const { kid, notAfterMs } of state().expiries) this.set({ kid }, (notAfterMs - nowMs()) / 86_400_000);
    },
  });
  new Gauge({
    name: 'qiao_trust_version',
    help: 'Version of the trust list in force',
    registers,
    collect() {
      this.set(state().list.version);
    },
  });
  new Gauge({
    name: 'qiao_trust_refused',
    help: '1 while the file trust.json could not come into force',
    registers,
    collect() {
      this.set(state().refused === undefined ? 0 : 1);
    },
  });
}
