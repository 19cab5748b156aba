import { ctex } from '../../adapters/ctex/adapter.ts';
import { stex } from '../../adapters/stex/adapter.ts';
import { szse } from '../../adapters/szse/adapter.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { compoundFaults, faults } from '../support/clearing/faults.ts';
import { seededBooks } from '../support/clearing/generate.ts';
import { scoreOf } from '../support/clearing/score.ts';
import { sides } from '../support/clearing/truth.ts';

const adapters = { ctex, stex, szse };

describe('seeded books', () => {
  const made = seededBooks({ seed: 11, deals: 1500 });

  it('are files that each exchange would send: read by its adapter, digest and totals right', () => {
    for (const side of sides) {
      const bytes = made.statements[side];
      const pages = side === 'ctex' ? bytes.toString().trimEnd().split('\n').map(Buffer.from) : [bytes];
      const decoded = adapters[side].decodeStatement(pages as Uint8Array[]);
      if (!decoded.ok) throw new Error(`${side}: ${JSON.stringify(decoded.refusals)}`);
      expect(decoded.value.rows).toHaveLength(made.rows[side].length);
      expect(decoded.value.count).toBe(made.rows[side].length);
    }
  });

  it('stand beside a journal of deals that the contract accepts', () => {
    const lines = made.journal.toString().trimEnd().split('\n');
    expect(lines).toHaveLength(made.deals.length);
    const refused = lines.map((line) => parseMessage(JSON.parse(line))).filter(({ ok }) => !ok);
    expect(refused.slice(0, 3)).toEqual([]);
  });

  it('hold every fault, and the same seed gives the same bytes', () => {
    const again = seededBooks({ seed: 11, deals: 1500 });
    expect(again.statements).toEqual(made.statements);
    expect(again.key).toEqual(made.key);
    expect(made.key.length).toBeGreaterThan(2 * (Object.keys(faults).length + Object.keys(compoundFaults).length) - 5);
    expect(seededBooks({ seed: 12, deals: 1500 }).statements.szse).not.toEqual(made.statements.szse);
  });

  it('name no difference twice', () => {
    const names = made.key.map(({ dealId, code, exchange }) => `${dealId} ${code} ${exchange}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the score', () => {
  const { key } = seededBooks({ seed: 3, deals: 800 });
  const yuan = (fen: bigint) => {
    const digits = (fen < 0n ? -fen : fen).toString().padStart(3, '0');
    return `${fen < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  };
  const perfect = key.map(({ delta, ...entry }) => ({ ...entry, delta: delta === null ? null : yuan(delta) }));

  it('is full for the key itself, and falls for each break missed, invented or given another amount', () => {
    expect(scoreOf(perfect, key)).toMatchObject({ recall: 1, precision: 1, wrongDeltas: [] });
    expect(scoreOf(perfect.slice(1), key).recall).toBeLessThan(1);
    expect(scoreOf([...perfect, { dealId: 'ctex:none', code: 'P001' }], key).precision).toBeLessThan(1);
    expect(scoreOf([...perfect, perfect[0]!], key).precision).toBeLessThan(1);
    const wrong = perfect.map((one) => (one.code === 'FEE' ? { ...one, delta: '0.00' } : one));
    expect(scoreOf(wrong, key).wrongDeltas.length).toBeGreaterThan(0);
  });
});
