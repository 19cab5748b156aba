import type { Adapter } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';

/** The adapter of an exchange; loaded only when a command asks for one. */
export async function adapterOf(exchange: Exchange): Promise<Adapter> {
  const { adapters } = await import('../../adapters/all.ts');
  const adapter = adapters.find((one) => one.exchange === exchange);
  if (adapter === undefined) throw new Error(`adapters/all.ts has no ${exchange}`);
  return adapter;
}
