import { readFileSync } from 'node:fs';
import type { Exchange } from '../contract/exchange.ts';

/** Which exchange of a deal. */
type Party = 'home' | 'host';

/** What one exchange owes another for a deal: whose fee, who pays it to whom, and from which state of the deal on. */
export interface FeeOwed {
  readonly fee: Party;
  readonly debtor: Party;
  readonly creditor: Party;
  readonly state: 'certified';
}

/** A condition of release beside the certificate, and the deals that it is one for. */
export interface ReleaseRule {
  readonly condition: 'ip-recordal';
  readonly dealTypes: readonly string[];
  readonly objectTypes: readonly string[];
}

/** Where an exchange is paid: its bank's code in the clearing system, its own account, and that of its clients' money. */
export interface Accounts {
  readonly bank: string;
  readonly settlement: string;
  readonly custody: string;
}

/** How deals settle and what exchanges owe each other: data with its provenance, like every rule (0008-rulebooks-are-data). */
export interface SettlementRules {
  readonly feeOwed: FeeOwed;
  readonly release: ReleaseRule;
  readonly accounts: Readonly<Record<Exchange, Accounts>>;
}

interface Clause {
  readonly dimension: string;
  readonly value: unknown;
}

const { clauses } = JSON.parse(readFileSync(new URL('./settlement-rules.json', import.meta.url), 'utf8')) as {
  readonly clauses: readonly Clause[];
};

/** The rules in settlement-rules.json. */
export const settlementRules: SettlementRules = {
  feeOwed: clauseOn<FeeOwed>('fee-owed'),
  release: clauseOn<ReleaseRule>('release'),
  accounts: clauseOn<SettlementRules['accounts']>('accounts'),
};

function clauseOn<T>(dimension: string): T {
  const clause = clauses.find((one) => one.dimension === dimension);
  if (clause === undefined) throw new Error(`assertion: no settlement rule on ${dimension}`);
  return clause.value as T;
}
