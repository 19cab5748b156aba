import type { Exchange } from '../contract/exchange.ts';
import type { RulebookHistory } from '../rules/rulebook.ts';
import { adapterOf } from './adapters.ts';

/** The rulebook versions that an adapter ships. One that is not in order is a fault of the installation. */
export async function shippedRulebooks(exchange: Exchange): Promise<RulebookHistory> {
  const { readRulebook } = await import('../rules/rulebook.ts');
  return (await adapterOf(exchange)).rulebooks.map((document) => {
    const book = readRulebook(document);
    if (book.ok) return book.value;
    const reasons = book.refusals.map(({ pointer, en }) => `${pointer} ${en}`).join('; ');
    throw new Error(`the rulebook shipped for ${exchange} is not in order: ${reasons}`);
  });
}
