import { Gauge, type Registry } from 'prom-client';

/** What the metrics are taken from, asked at every scrape. */
export interface LogMeasured {
  size(): Promise<bigint>;
  waiting(): Promise<bigint>;
  tampered(): number;
}

/**
 * - `qiao_log_size`: leaves in the Merkle log
 * - `qiao_log_waiting`: rows of the journal that have no leaf yet
 * - `qiao_log_tampered`: contradictions between the journal and its log that stand; anything but 0 is an alarm
 */
export function measureLog(registry: Registry, log: LogMeasured): void {
  const registers = [registry];
  new Gauge({
    name: 'qiao_log_size',
    help: 'Leaves in the Merkle log',
    registers,
    async collect() {
      this.set(Number(await log.size()));
    },
  });
  new Gauge({
    name: 'qiao_log_waiting',
    help: 'Rows of the journal that have no leaf yet',
    registers,
    async collect() {
      this.set(Number(await log.waiting()));
    },
  });
  new Gauge({
    name: 'qiao_log_tampered',
    help: 'Contradictions between the journal and its log that stand',
    registers,
    collect() {
      this.set(log.tampered());
    },
  });
}
