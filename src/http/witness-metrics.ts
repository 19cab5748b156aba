import { Gauge, type Registry } from 'prom-client';

/** What the metrics are taken from, asked at every scrape. */
export interface WitnessView {
  readonly witnesses: () => readonly {
    readonly exchange: string;
    readonly reachable: boolean | undefined;
    readonly cosigned: { readonly size: bigint } | undefined;
    readonly refusal: unknown;
  }[];
  readonly final: () => { readonly size: bigint } | undefined;
  readonly settlementAllowed: () => { readonly ok: boolean };
}

/**
 * - `qiao_witness_up{exchange}`: 1 while the exchange's witness answers
 * - `qiao_witness_size{exchange}`: leaves in the largest tree that it cosigned
 * - `qiao_witness_refuses{exchange}`: 1 while it contradicts us: a fork or a rollback
 * - `qiao_final_size`: leaves in the newest checkpoint with a quorum behind it
 * - `qiao_settlement_allowed`: 0 while settlement is stopped for want of a quorum
 */
export function measureWitnesses(registry: Registry, view: WitnessView): void {
  const registers = [registry];
  const ofWitness = (
    name: string,
    help: string,
    value: (one: ReturnType<WitnessView['witnesses']>[number]) => number,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['exchange'],
      registers,
      collect() {
        for (const one of view.witnesses()) this.set({ exchange: one.exchange }, value(one));
      },
    });
  ofWitness('qiao_witness_up', "1 while the exchange's witness answers", ({ reachable }) => (reachable ? 1 : 0));
  ofWitness('qiao_witness_size', 'Leaves in the largest tree that the witness cosigned', ({ cosigned }) =>
    Number(cosigned?.size ?? 0n),
  );
  ofWitness('qiao_witness_refuses', '1 while the witness contradicts us: a fork or a rollback', ({ refusal }) =>
    refusal === undefined ? 0 : 1,
  );
  new Gauge({
    name: 'qiao_final_size',
    help: 'Leaves in the newest checkpoint with a quorum behind it',
    registers,
    collect() {
      this.set(Number(view.final()?.size ?? 0n));
    },
  });
  new Gauge({
    name: 'qiao_settlement_allowed',
    help: '0 while settlement is stopped for want of a quorum',
    registers,
    collect() {
      this.set(view.settlementAllowed().ok ? 1 : 0);
    },
  });
}
