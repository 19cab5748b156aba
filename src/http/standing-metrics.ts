import { Gauge, type Registry } from 'prom-client';

/** The last look at each pair. */
export interface StandingView {
  looks(): readonly {
    readonly one: string;
    readonly other: string;
    readonly outcome: 'equal' | 'different' | 'silent';
    readonly open: number;
    readonly inFlight: number;
    readonly unread: number;
    readonly bytes: number;
  }[];
}

/**
 * The standing check between closes, by pair (`other` is `journal` or an exchange):
 * - `qiao_standing_open{one,other}`: deals that differ and have differed for longer than anything is on its way
 * - `qiao_standing_in_flight{one,other}`: deals that differ for the moment
 * - `qiao_standing_silent{one,other}`: 1 while a side does not answer
 * - `qiao_standing_bytes{one,other}`: what the last look was sent
 */
export function measureStanding(registry: Registry, view: StandingView): void {
  const ofPair = (
    name: string,
    help: string,
    value: (one: ReturnType<StandingView['looks']>[number]) => number | undefined,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['one', 'other'],
      registers: [registry],
      collect() {
        for (const look of view.looks()) {
          const found = value(look);
          if (found !== undefined) this.set({ one: look.one, other: look.other }, found);
        }
      },
    });
  const said = (value: number, outcome: string) => (outcome === 'silent' ? undefined : value);
  ofPair('qiao_standing_open', 'Deals that two books do not agree on', ({ open, unread, outcome }) =>
    said(open + unread, outcome),
  );
  ofPair('qiao_standing_in_flight', 'Deals that differ for the moment', ({ inFlight, outcome }) =>
    said(inFlight, outcome),
  );
  ofPair('qiao_standing_silent', '1 while a side of the pair does not answer', ({ outcome }) =>
    outcome === 'silent' ? 1 : 0,
  );
  ofPair('qiao_standing_bytes', 'Bytes that the last look was sent', ({ bytes, outcome }) => said(bytes, outcome));
}
