import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settlementRules } from '../../src/clearing/settlement-rules.ts';
import { settlementRulesFor } from '../../src/cli/settlement.ts';

const text = readFileSync(new URL('../../src/clearing/settlement-rules.json', import.meta.url), 'utf8');

describe('QIAO_SETTLEMENT', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qiao-settlement-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const rulesOf = (content: string) => {
    const settlementFile = join(folder, 'rules.json');
    writeFileSync(settlementFile, content);
    return () => settlementRulesFor({ settlementFile });
  };

  it('names the accounts that money is instructed on; without it they are samples', () => {
    expect(settlementRulesFor({ settlementFile: undefined })).toBe(settlementRules);
    const document = JSON.parse(text) as {
      clauses: { dimension: string; provenance: string; value: { ctex?: object } }[];
    };
    const accounts = document.clauses.find(({ dimension }) => dimension === 'accounts')!;
    accounts.provenance = 'published';
    accounts.value.ctex = { bank: '102100099996', settlement: '0200001', custody: '0200002' };
    const rules = rulesOf(JSON.stringify(document))();
    expect(rules).toMatchObject({
      isSample: false,
      accounts: { ctex: { bank: '102100099996', settlement: '0200001' } },
    });
  });

  it('stops the start, saying where, with a file that is not in order or not there', () => {
    expect(rulesOf(text.replace('"313100000001"', '"3131"'))).toThrow(/bad-format|\/clauses\/3\/value/);
    expect(rulesOf('{')).toThrow();
    expect(() => settlementRulesFor({ settlementFile: join(folder, 'none.json') })).toThrow(/cannot be read/);
  });
});
