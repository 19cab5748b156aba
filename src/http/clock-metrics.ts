import { Gauge, type Registry } from 'prom-client';

/** `qiao_clock_off_seconds{exchange}`: the exchange's clock minus ours, by the times it signs (median of the last nine). */
export function measureClocks(
  registry: Registry,
  states: () => readonly { readonly exchange: string; readonly offMs: number }[],
): void {
  new Gauge({
    name: 'qiao_clock_off_seconds',
    help: "The exchange's clock minus ours, by the times it signs",
    labelNames: ['exchange'],
    registers: [registry],
    collect() {
      for (const { exchange, offMs } of states()) this.set({ exchange }, offMs / 1000);
    },
  });
}
