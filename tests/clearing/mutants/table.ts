/** One way in which the engine could be wrong: this text of this file of src/clearing stands otherwise. */
export interface Mutant {
  /** What is wrong with it. */
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Which day must show it, where it is not in comparing but in loading the books (`load`) or cutting the journal (`cut`). */
  readonly day?: 'load' | 'cut';
}

type Spoilt = readonly [name: string, from: string, to: string];

const spoilt = (file: string, all: readonly Spoilt[], day?: 'load' | 'cut'): readonly Mutant[] =>
  all.map(([name, from, to]) => ({ name, file, from, to, ...(day === undefined ? {} : { day }) }));

export const mutants: readonly Mutant[] = [
  ...spoilt('codes.ts', [
    [
      'the order of evaluation is turned round',
      'order.get(one)! - order.get(other)!',
      'order.get(other)! - order.get(one)!',
    ],
    ['a grave amount begins beyond the bound', 'amountFen >= GRAVE_FEN', 'amountFen > GRAVE_FEN'],
    ['a serious amount begins beyond the bound', 'amountFen >= SERIOUS_FEN', 'amountFen > SERIOUS_FEN'],
    ['what is final weighs less', "isFinal ? 'S1' : 'S2'", "isFinal ? 'S2' : 'S1'"],
    ['both sides of a deal share one break', `|\${code}|\${side ?? ''}`, `|\${code}|`],
  ]),
  ...spoilt('classify.ts', [
    [
      'home and host are mixed up where a book lacks a deal',
      "a === undefined ? of('P011', home) : of('P101', host)",
      "a === undefined ? of('P101', host) : of('P011', home)",
    ],
    [
      'only in the journal is no break',
      "if (a === undefined && b === undefined) return of('P001', null);",
      'if (a === undefined && b === undefined) return undefined;',
    ],
    [
      'the blame for a missing row is turned round',
      "of('P011', home) : of('P101', host)",
      "of('P011', host) : of('P101', home)",
    ],
    [
      'not in the journal is no break',
      "return { differences: [...of('P110', null).differences, ...between], blame: 'gateway' };",
      'return undefined;',
    ],
    ['only in the host’s book is only in the home’s', "of('P010', host)", "of('P100', host)"],
    ['only in the home’s book is no break', "return of('P100', home)", 'return'],
    ['what is on the way is missing', 'if (g.inFlight) return of', 'if (false) return of'],
    ['what is on the way is never overdue', "rules.isOverdue(g.businessDate) ? 'break' : 'in-flight'", "'in-flight'"],
    [
      'a deal of another day is missing today',
      'if (g.businessDate !== rules.date && (a ?? b) !== undefined) return undefined;',
      '',
    ],
    ['the host’s book is not looked at', '    [host, b, a],\n', ''],
    ['the home’s book is not looked at', '    [home, a, b],\n', ''],
    ['both books agreeing on another amount is two breaks', 'if (a.priceFen !== b.priceFen || !isBeyond)', 'if (true)'],
    ['what both have otherwise is said again of each', "!(isAmountOfBoth && code.startsWith('AMT'))", 'true'],
    [
      'the sign of what both have otherwise is turned round',
      'const deltaFen = a.priceFen - g.priceFen;',
      'const deltaFen = g.priceFen - a.priceFen;',
    ],
    ['duplicates are not said', '...again(book),', ''],
    [
      'the delta is that of the last amount',
      'ordered.find((one) => one.deltaFen !== null)',
      'ordered.findLast((one) => one.deltaFen !== null)',
    ],
    ['the host is held to the home’s fee', 'side === home ? g.homeFeeFen : g.hostFeeFen', 'g.homeFeeFen'],
    ['final only if all say so', 'there.some((', 'there.every(('],
    ['a lone book is blamed for its duplicate', 'other === undefined && g === undefined ? null : side', 'side'],
    ['the journal is blamed where both books agree', "g.inFlight ? null : 'both'", "'gateway'"],
    [
      'anything within tolerance lets the rest pass',
      "ordered.every((one) => one.code === 'TOL')",
      "ordered.some((one) => one.code === 'FEE' || one.code === 'TOL')",
    ],
    ['within tolerance is a break', "? 'tolerated' : 'break'", "? 'break' : 'break'"],
    ['all fields but the first are lost', 'codes: [...new Set(ordered.map((one) => one.code))],', 'codes: [code],'],
  ]),
  ...spoilt('compare-part.ts', [
    ['overdue a day too late', '>= 1;', '>= 2;'],
    ['overdue at once', '>= 1;', '>= 0;'],
  ]),
  ...spoilt('classify-fields.ts', [
    ['the host is not compared', "  word('host', 'PTY', book.host, journal.host);\n", ''],
    ['the buyer is not compared', "  word('buyer', 'PTY', book.buyer, journal.buyer);\n", ''],
    ['the seller is not compared', "  word('seller', 'PTY', book.seller, journal.seller);\n", ''],
    ['the asset is not compared', "    word('listing', 'AST', book.listing, journal.listing);\n", ''],
    [
      'the currency is not compared',
      "  word('currency', 'CCY', book.further?.currency ?? 'CNY', journal.further?.currency ?? 'CNY');\n",
      '',
    ],
    ['the state is not compared', "  word('state', isReversal ? 'STS-REV' : 'STS', book.state, journal.state);\n", ''],
    [
      'the quantity is not compared',
      "  word('quantity', 'QTY', book.further?.quantity ?? '1', journal.further?.quantity ?? '1');\n",
      '',
    ],
    ['the fee is not compared', "  if (feeFen !== undefined) amount('fee', book.feeFen, feeFen, () => 'FEE');\n", ''],
    ['the date is not compared', "  word('businessDate', 'DAT', book.businessDate, journal.businessDate);\n", ''],
    [
      'the price is not compared',
      "  amount('price', book.priceFen, journal.priceFen, (deltaFen) => (deltaFen > 0n ? 'AMT+' : 'AMT-'));\n",
      '',
    ],
    ['taxes are not compared', 'one === undefined || other === undefined || one === other', 'true'],
    [
      'a reversal is any difference of state',
      "(book.state === 'cancelled') !== (journal.state === 'cancelled')",
      'book.state !== journal.state',
    ],
    ['the sign of an amount is turned round', 'const deltaFen = said - meant;', 'const deltaFen = meant - said;'],
    [
      'the sign of an amount is lost',
      'const deltaFen = said - meant;',
      'const deltaFen = said > meant ? said - meant : meant - said;',
    ],
    ['more is less', "deltaFen > 0n ? 'AMT+' : 'AMT-'", "deltaFen < 0n ? 'AMT+' : 'AMT-'"],
    ['the bound of a tolerance is beyond it', '<= allowed(meant)', '< allowed(meant)'],
  ]),
  ...spoilt('tolerance.ts', [
    ['the smaller of two tolerances holds', 'relative > agreed', 'relative < agreed'],
    [
      'a tolerance holds for others than its pair',
      'pair.includes(home) && pair.includes(host)',
      '(pair.includes(home) || pair.includes(host))',
    ],
    ['a tolerance is ten times as large', '/ 10_000n', '/ 1_000n'],
  ]),
  ...spoilt('match.ts', [
    ['equal in the database without the state', `\${of}.state = g.state and `, ''],
    ['equal in the database without the buyer', `\${of}.buyer = g.buyer and `, ''],
    ['equal in the database without the seller', `\${of}.seller = g.seller and `, ''],
    ['equal in the database without the price', ` and \${of}.price_fen = g.price_fen`, ''],
    ['equal in the database without the fee', `\${of}.fee_fen = g.\${fee}_fee_fen and `, ''],
    ['equal in the database without the date', ` and \${of}.business_date = g.business_date`, ''],
    ['equal in the database without the host', `\${of}.host = g.host and `, ''],
    ['equal in the database without the asset', `(\${of}.listing is null or \${of}.listing = g.listing) and `, ''],
    ['equal in the database without what only some books say', `\n   and \${of}.further is null`, ''],
    ['equal in the database without the duplicates', `\${of}_again.lines is null\n   and `, ''],
    ['a third exchange takes the host’s place', ' and b.side = coalesce(g.host, a.host)', ''],
    [
      'what only the home’s book has is not joined',
      `full join \${rows(\`role = 'home'`,
      `left join \${rows(\`role = 'home'`,
    ],
    [
      'what only the host’s book has is not joined',
      `full join \${rows(\`role = 'host'`,
      `left join \${rows(\`role = 'host'`,
    ],
    ['no pass for duplicates', "rows('ordinal > 1')", "rows('ordinal > 9')"],
  ]),
  ...spoilt('reconcile.ts', [
    ['one partition is left out', 'length: PARTITIONS }', 'length: PARTITIONS - 1 }'],
    [
      'one partition is compared twice',
      'for (const { tally } of answers) tallying.add(tally);',
      'for (const { tally } of [...answers, answers[0]]) tallying.add(tally);',
    ],
  ]),
  ...spoilt('match-tally.ts', [
    [
      'the second row of a duplicate is counted nowhere',
      "for (const { priceFen } of row.again) this.#put(side, 'break', 1, priceFen);",
      '',
    ],
    [
      'rows of a break of the whole deal count as matched',
      'one.side === null || one.side === side',
      'one.side === side',
    ],
    [
      'equal deals are not counted in the journal',
      "[home, host, 'journal'] as const) this",
      '[home, host] as const) this',
    ],
  ]),
  ...spoilt('leftovers.ts', [
    ['no suspected duplicates', '    await markSuspectedDuplicates(connection, order);\n', ''],
    ['a suspected duplicate may have another buyer', ' and k.buyer = l.buyer', ''],
    ['a suspected duplicate may have another price', 'k.price_fen = l.price_fen and', ''],
    ['a suspected duplicate may be of another day', ' and k.business_date = l.business_date', ''],
    [
      'rows that nobody else knows are each other’s duplicates',
      'if (!sides.get(row.known)?.some((side) => side !== one.side)) continue;',
      '',
    ],
    ['no suggestions', '    await suggest(connection, order);\n', ''],
  ]),
  ...spoilt('suggest.ts', [
    ['any price is the same deal under another number', 'row.said.price === deal.said.price', 'true'],
    ['any parties are the same deal under another number', ', said.buyer, said.seller]', ']'],
    [
      'a row of one book stands in for one missing in the other',
      "code === 'P010' || code === 'P101' ? 'host' : 'home'",
      "'host'",
    ],
    ['several that are as good are not said to be', 'equals(one) > 1', 'false'],
    [
      'the least likely first',
      'other.reasons.length - one.reasons.length',
      'one.reasons.length - other.reasons.length',
    ],
    ['parts of a deal are not looked for', 'lone.length < 2 ||', 'true ||'],
  ]),
  ...spoilt('subset.ts', [['parts need not add up', 'left.get(target - sum)', 'left.get(target - sum - 1n)']]),
  ...spoilt(
    'row.ts',
    [['a reversed deal counts as certified', "reversed: 'cancelled'", "reversed: 'certified'"]],
    'load',
  ),
  ...spoilt(
    'journal-quick.ts',
    [
      ['nothing is ever on the way', "inFlight: status === 'concluded'", 'inFlight: false'],
      [
        'the host’s fees are left out',
        'else if (exchange === host) hostFeeFen += fen;',
        'else if (exchange === host) hostFeeFen += 0n;',
      ],
    ],
    'load',
  ),
  ...spoilt(
    'stated.ts',
    [
      [
        'home and host are exchanged in an exchange’s rows',
        'const home = isHome ? side',
        'const home = !isHome ? side',
      ],
    ],
    'load',
  ),
  ...spoilt(
    'journal-cut.ts',
    [
      [
        'the journal is cut by what is there now',
        'where no > $1 and no <= $2 and kind = $3',
        'where no > $1 and no <> -($2::bigint) and kind = $3',
      ],
      ['confirmations are not looked for', 'confirmed.has(String(payload.id))', 'false'],
    ],
    'cut',
  ),
];
