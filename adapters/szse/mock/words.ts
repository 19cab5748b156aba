/** The profile's codes, from the words of the trade. Each throws where SZSE has no code for the word: the desk erred. */

export const dealType = coded({ transfer: 'T', license: 'L', service: 'S' });
export const licenseScope = coded({ exclusive: 'E', sole: 'S', ordinary: 'O' });
export const mode = coded({ agreement: 'A', listing: 'G', bidding: 'B' });
export const ipKind = coded({ invention: 'I', 'utility-model': 'U', software: 'C', 'ic-layout': 'L', 'know-how': 'K' });
export const nature = coded({
  'state-owned': '1',
  'public-rnd': '2',
  private: '3',
  foreign: '4',
  'natural-person': '5',
});
export const priceKind = coded({ fixed: 'F', reserve: 'R', negotiable: 'N' });
export const plan = coded({ 'lump-sum': '1', royalty: '3', 'upfront-and-royalty': '4' });
export const exportControl = coded({ none: '0', restricted: '1', prohibited: '2' });
export const leg = coded({
  'deposit-held': '1',
  'deposit-returned': '2',
  'price-paid': '3',
  'fee-paid': '4',
  refund: '5',
});
export const exchange = coded({ ctex: 'CTEX', stex: 'STEX', szse: 'SZSE' });

function coded(table: Readonly<Record<string, string>>): (word: string) => string {
  return (word) => {
    const code = Object.hasOwn(table, word) ? table[word] : undefined;
    if (code === undefined) throw new Error(`szse has no code for ${word}`);
    return code;
  };
}
