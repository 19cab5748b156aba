import { readFileSync } from 'node:fs';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import { isObject, type Json, parseJson } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';

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
  /** The accounts are nobody's: no money may be instructed on them but in a demonstration. */
  readonly isSample: boolean;
}

const PROVENANCES: readonly unknown[] = ['statute', 'published', 'assumption'];

/**
 * Reads settlement rules as they stand in settlement-rules.json. Refuses a dimension that is missing, unknown or there twice,
 * a value of another form, a clause without provenance or basis in both languages, and two accounts that are one.
 */
export function readSettlementRules(bytes: Uint8Array): Checked<SettlementRules> {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const document = parsed.value;
  const clauses = isObject(document) && Array.isArray(document.clauses) ? (document.clauses as readonly Json[]) : [];
  const found: Refusal[] = [];
  const values = new Map<string, { readonly value: Json; readonly provenance: string }>();
  for (const [i, clause] of clauses.entries()) {
    const pointer = `/clauses/${i}`;
    if (!isObject(clause) || !isObject(clause.basis) || !isText(clause.basis.zh) || !isText(clause.basis.en)) {
      found.push(refuse('missing-field', `${pointer}/basis`));
    } else if (!PROVENANCES.includes(clause.provenance)) found.push(refuse('unknown-code', `${pointer}/provenance`));
    else if (!Object.hasOwn(FORMS, String(clause.dimension)))
      found.push(refuse('unknown-code', `${pointer}/dimension`));
    else if (values.has(clause.dimension as string)) found.push(refuse('duplicate-key', `${pointer}/dimension`));
    else if (!FORMS[clause.dimension as Dimension](clause.value ?? null))
      found.push(refuse('bad-format', `${pointer}/value`));
    else values.set(clause.dimension as string, { value: clause.value!, provenance: String(clause.provenance) });
  }
  for (const dimension of Object.keys(FORMS)) {
    if (found.length === 0 && !values.has(dimension)) found.push(refuse('missing-field', '/clauses', dimension));
  }
  if (found.length > 0) return refused(...found);
  const valueIn = (dimension: Dimension) => values.get(dimension)!.value as unknown;
  return accepted({
    feeOwed: valueIn('fee-owed') as FeeOwed,
    release: valueIn('release') as ReleaseRule,
    accounts: valueIn('accounts') as SettlementRules['accounts'],
    isSample: values.get('accounts')!.provenance === 'assumption',
  });
}

const isText = (value: Json | undefined): value is string => typeof value === 'string' && value.trim() !== '';
const isParty = (value: Json | undefined) => value === 'home' || value === 'host';
const areTexts = (value: Json | undefined) => Array.isArray(value) && value.every(isText);

/** What the value of each dimension must look like; nothing else is understood by the program. */
const FORMS = {
  'fee-owed': (value: Json) =>
    isObject(value) &&
    [value.fee, value.debtor, value.creditor].every(isParty) &&
    value.debtor !== value.creditor &&
    value.state === 'certified',
  'client-money': (value: Json) => isObject(value) && value.netting === 'gross',
  release: (value: Json) =>
    isObject(value) && value.condition === 'ip-recordal' && areTexts(value.dealTypes) && areTexts(value.objectTypes),
  accounts: (value: Json) => {
    if (!isObject(value)) return false;
    const each = exchanges.map((exchange) => value[exchange]);
    const isAccount = (text: Json | undefined) => typeof text === 'string' && /^[A-Za-z0-9-]{1,34}$/.test(text);
    const areSound = each.every(
      (one) =>
        isObject(one) && /^\d{12}$/.test(String(one.bank)) && isAccount(one.settlement) && isAccount(one.custody),
    );
    const accounts = each.flatMap((one) => (isObject(one) ? [one.settlement, one.custody] : []));
    return areSound && Object.keys(value).length === exchanges.length && new Set(accounts).size === accounts.length;
  },
} satisfies Record<string, (value: Json) => boolean>;
type Dimension = keyof typeof FORMS;

/** The rules that come with the program: assumptions of this project, on sample accounts. */
export const settlementRules: SettlementRules = ours();

function ours(): SettlementRules {
  const read = readSettlementRules(readFileSync(new URL('./settlement-rules.json', import.meta.url)));
  if (!read.ok)
    throw new Error(`assertion: settlement-rules.json: ${read.refusals[0]!.en} at ${read.refusals[0]!.pointer}`);
  return read.value;
}
