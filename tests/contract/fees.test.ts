import fc from 'fast-check';
import { regimeOf } from '../../src/contract/derive.ts';
import { joinFees, splitFees } from '../../src/contract/fees.ts';
import type { JsonObject } from '../../src/contract/json.ts';
import { changesDeal } from '../../src/contract/loss.ts';
import { refusalCodes, refuse, step } from '../../src/contract/refusal.ts';
import { deal, listing } from '../support/messages.ts';
import { plainDeal } from './samples.ts';

describe('fees', () => {
  test("the seller's fee and the buyer's fee are taken apart and put together again", () => {
    fc.assert(
      fc.property(deal(), (made) => {
        const { deal: split, refusals } = splitFees(made as unknown as JsonObject);
        expect(refusals).toEqual([]);
        expect(split).not.toHaveProperty('fees');
        expect(joinFees(split, made.home, made.host)).toEqual(made);
      }),
    );
  });

  test.each([
    ['two fees of one payer', [0, 0], ['/fees/1']],
    ["a seller's fee taken by the host", [2], ['/fees/0']],
    ["a buyer's fee taken by the home", [3], ['/fees/0']],
  ])('%s cannot be said', (_, picks, expected) => {
    const [seller, buyer] = plainDeal.fees;
    const fees = [seller!, buyer!, { ...seller!, exchange: 'stex' }, { ...buyer!, exchange: 'ctex' }];
    const { refusals } = splitFees({ ...plainDeal, fees: picks.map((i) => fees[i]!) } as unknown as JsonObject);
    expect(refusals.map(({ code, pointer }) => [code, pointer])).toEqual(expected.map((at) => ['not-expressible', at]));
  });
});

describe('what a deal depends on', () => {
  test.each([
    '/price',
    '/price/amount',
    '/price/kind',
    '/seller',
    '/seller/uscc',
    '/deposit',
    '/deposit/amount',
    '/disclosure',
    '/disclosure/notice/objections',
    '/object',
    '/object/ip',
    '/object/ip/3',
    '/object/ip/0/number',
    '/object/ip/0/holders/1',
    '/payment/instalments/0/share',
    '/license/scope',
    '/fees/0',
    '',
  ])('%p changes the deal', (pointer) => {
    expect(changesDeal(pointer)).toBe(true);
  });

  test.each([
    '/summary',
    '/documents',
    '/documents/0/title',
    '/object/maturity',
    '/object/ip/0/title',
    '/object/ip/12/encumbrances',
    '/object/ip/0/encumbrances/0',
    '/deposit/rate',
    '/disclosure/days',
    '/eligibility/foreign',
    '/listing/version',
    '/sellers',
    '/priceless',
    '/extensions/ctex',
  ])('%p does not', (pointer) => {
    expect(changesDeal(pointer)).toBe(false);
  });
});

describe('regimes', () => {
  test('a listing of an exchange implies its regime', () => {
    fc.assert(
      fc.property(listing({ for: 'ctex' }), ({ seller, dealType, regime }) => {
        expect(regimeOf(seller.nature, dealType)).toBe(regime);
      }),
    );
  });
});

describe('refusals', () => {
  test('every code says something in both languages', () => {
    for (const code of refusalCodes) {
      expect(refuse(code).zh).toMatch(/\p{Script=Han}/u);
      expect(refuse(code).en).toMatch(/[a-z]/);
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    }
    expect(refuse('bad-date', '/a', '2026-02-30')).toMatchObject({
      pointer: '/a',
      zh: expect.stringContaining('2026-02-30'),
      en: expect.stringContaining('2026-02-30'),
    });
  });

  test('pointer steps are escaped', () => {
    expect(step('a/b~c')).toBe('/a~1b~0c');
    expect(step(3)).toBe('/3');
  });
});
