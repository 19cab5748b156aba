import type { Exchange } from '../../../src/contract/exchange.ts';
import type { DeskDeal, DeskParty } from '../../../src/contract/mock.ts';
import type { Ledger } from './ledger.ts';
import { amount, fenOf } from './values.ts';
import { child, type Element, textOf } from './xml.ts';

/** A ready-made document of STEX's own goes out: what it says stands in STEX's own books as well, if it can be read. */
export function learn(document: Element | undefined, ledger: Ledger): void {
  const type = document?.attributes.LX ?? '';
  const content = document?.children[0];
  if (content === undefined) return;
  if (type === '101' || type === '102') {
    ledger.projects.set(textOf(content, 'XMBH'), { version: Number(textOf(content, 'BB')), state: 'listed' });
  } else if (type === '103') {
    const states = { '1': 'listed', '2': 'suspended', '3': 'listed', '4': 'ended' } as const;
    const state = states[textOf(content, 'ZT') as '1'] ?? 'listed';
    ledger.projects.set(textOf(content, 'XMBH'), { version: Number(textOf(content, 'BB')), state });
  } else if (type === '201') ledger.interests.add(textOf(content, 'YXBH'));
  else if (type === '301' || type === '302' || type === '303') learnDeal(content, type[2] as '1' | '2' | '3', ledger);
}

function learnDeal(content: Element, state: '1' | '2' | '3', ledger: Ledger): void {
  const number = textOf(content, 'CJBH');
  const version = Number(textOf(content, 'BB'));
  const certificate = textOf(content, 'JZBH');
  const certified = certificate === '' ? {} : { certificate };
  const known = ledger.deals.get(number);
  if (known !== undefined) return void Object.assign(known, { version, state, ...certified });
  const counter = textOf(content, 'MFJYS').toLowerCase();
  const time = textOf(content, 'QYSJ');
  const date = `${time.slice(0, 4)}-${time.slice(4, 6)}-${time.slice(6, 8)}`;
  const deal: DeskDeal = {
    number,
    version,
    listingNumber: textOf(content, 'XMBH'),
    seller: partyIn(content, 'CRF'),
    buyer: partyIn(content, 'SRF'),
    ...(counter === '' ? {} : { buyerExchange: counter as Exchange }),
    dealType: 'transfer',
    mode: 'agreement',
    priceFen: fenIn(content, 'CJJG'),
    technologyFen: fenIn(content, 'JSJYE'),
    sellerFeeFen: fenIn(content, 'CRFYJ'),
    buyerFeeFen: fenIn(content, 'SRFYJ'),
    plan: 'lump-sum',
    signedAt: `${date}T${time.slice(8, 10)}:${time.slice(10, 12)}:${time.slice(12, 14)}+08:00`,
  };
  ledger.deals.set(number, { deal, version, state, confirmed: false, ...certified });
}

function fenIn(content: Element, name: string): bigint {
  const text = textOf(content, name);
  return amount(text) ? fenOf(text) : 0n;
}

function partyIn(content: Element, name: 'CRF' | 'SRF'): DeskParty {
  const party = child(content, name);
  const text = (field: string) => (party === undefined ? '' : textOf(party, field));
  return { name: text('MC'), uscc: text('XYDM') || text('MC'), nature: 'private', country: text('GB') };
}
