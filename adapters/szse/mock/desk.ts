import type { DeskDeal, DeskListing, DeskParty, FrontDesk, MockPorts } from '../../../src/contract/mock.ts';
import { enter, type Floor } from './floor.ts';
import { compact, readSaid, type Said, say, stamp, stampOf } from './message.ts';
import { pay } from './requests.ts';
import * as words from './words.ts';

type Pairs = readonly (readonly [number, string | number | bigint | undefined])[];

/** Sends one message about the thing named `about`; messages about one thing keep their order. */
export type Post = (about: string, id: string, said: Said) => void;

/** SZSE's own people: every order becomes one message to the gateway, and a change on the floor. */
export function openFrontDesk(floor: Floor, ports: () => MockPorts, post: Post, isIdle: () => boolean): FrontDesk {
  let last = 0;
  const send = (about: string, type: string, pairs: Pairs) => {
    const id = `S-${stamp(ports().nowMs()).slice(0, 8)}-${++last}`;
    post(about, id, say(type, [[11, id], ...pairs]));
  };
  const listing = (type: 'UL' | 'UM') => (told: DeskListing) => {
    floor.listings.set(told.number, { version: told.version, mode: words.mode(told.mode), state: '1' });
    send(told.number, type, listingFields(told));
  };
  const trade = (number: string) => {
    const found = floor.deals.get(number);
    if (found === undefined) throw new Error(`the desk knows no deal ${number}`);
    return found;
  };

  return {
    aim: () => undefined,
    send: (native) => {
      const { said, fields } = readSaid(native);
      note(floor, said.type, fields);
      post(fields[20001] ?? fields[20089] ?? fields[20070] ?? fields[20060] ?? '', fields[11] ?? '', said);
    },
    publish: listing('UL'),
    change: listing('UM'),
    setState: (number, version, state, reason) => {
      const known = floor.listings.get(number);
      if (known === undefined) throw new Error(`the desk knows no listing ${number}`);
      const code = { suspended: '2', resumed: '3', withdrawn: '4' }[state];
      known.state = code === '3' ? '1' : code;
      send(number, 'US', [
        [58, reason],
        [20001, number],
        [20002, version],
        [20004, code],
      ]);
    },
    registerInterest: ({ number, mirror, buyer, offerFen, at }) => {
      floor.interests.set(number, {});
      send(mirror, 'UI', [
        [60, stampOf(at)],
        [20060, number],
        [20062, offerFen],
        ...party(20063, buyer),
        [20089, mirror],
      ]);
    },
    decideInterest: (number, accept, reason) => {
      const entry = floor.received.get(number);
      if (entry?.kind !== 'interest') throw new Error(`the desk knows no interest ${number}`);
      send(String(entry.fields['20001']), 'UJ', [
        [58, reason],
        [20060, number],
        [20061, accept ? '1' : '2'],
      ]);
    },
    bid: ({ number, mirror, buyer, amountFen, at }) =>
      send(mirror, 'UB', [
        [60, stampOf(at)],
        ...party(20063, buyer),
        [20068, number],
        [20069, amountFen],
        [20089, mirror],
      ]),
    conclude: (told) => {
      const host = words.exchange(told.buyerExchange ?? 'szse');
      const fields = dealFields(told, host);
      enter(floor, {
        number: told.number,
        counter: host,
        listing: told.listingNumber,
        version: told.version,
        state: '1',
        buyerCode: told.buyer.uscc ?? '-',
        sellerCode: told.seller.uscc ?? '-',
        priceFen: told.priceFen,
        feeFen: host === 'SZSE' ? told.sellerFeeFen + told.buyerFeeFen : told.sellerFeeFen,
        day: stampOf(told.signedAt).slice(0, 8),
        paidFen: 0n,
        fields,
      });
      send(told.listingNumber, 'UD', [[20002, told.version], ...fields]);
    },
    certify: (number, version, certificate) => {
      const known = trade(number);
      Object.assign(known, { version, state: '2', certificate });
      send(known.listing, 'UE', [[20002, version], ...known.fields, [20075, certificate]]);
    },
    cancel: (number, version, reason) => {
      const known = trade(number);
      Object.assign(known, { version, state: '3' });
      send(known.listing, 'UC', [[20002, version], ...known.fields, [20075, known.certificate], [20077, reason]]);
    },
    confirm: (number) => {
      const { home, version, listing: mirror } = trade(number);
      if (home === undefined) throw new Error(`${number} is our own deal`);
      send(mirror, 'UK', [
        [60, stamp(ports().nowMs())],
        [20002, version],
        [20070, number],
        [20081, home.number],
      ]);
    },
    pay: ({ number, deal, interest, leg, payer, payee, amountFen, valueDate, bankRef }) => {
      const known = deal === undefined ? undefined : floor.deals.get(deal);
      const code = words.leg(leg);
      if (known !== undefined) pay(known, code, amountFen);
      send(known?.listing ?? deal ?? interest ?? number, 'UF', [
        [20060, interest],
        [20070, deal],
        [20082, number],
        [20083, code],
        [20084, payer],
        [20085, payee],
        [20086, amountFen],
        [20087, compact(valueDate)],
        [20088, bankRef],
      ]);
    },
    idle: isIdle,
  };
}

/** What a message made elsewhere says happened here. */
function note(floor: Floor, type: string, fields: Readonly<Record<number, string>>): void {
  if (type === 'UL' || type === 'UM') {
    floor.listings.set(fields[20001]!, { version: Number(fields[20002]), mode: fields[20009]!, state: '1' });
  } else if (type === 'UI') floor.interests.set(fields[20060]!, {});
  else if (type === 'UD') {
    const host = fields[20078] ?? 'SZSE';
    const repeated = Object.entries(fields).map(([tag, value]) => [Number(tag), value] as const);
    enter(floor, {
      number: fields[20070]!,
      counter: host,
      listing: fields[20001]!,
      version: Number(fields[20002]),
      state: '1',
      buyerCode: fields[20064] ?? '-',
      sellerCode: fields[20031] ?? '-',
      priceFen: BigInt(fields[20071]!),
      feeFen: BigInt(fields[20073] ?? 0) + (host === 'SZSE' ? BigInt(fields[20074] ?? 0) : 0n),
      day: fields[20076]!.slice(0, 8),
      paidFen: 0n,
      fields: repeated.filter(([tag]) => tag !== 11 && tag !== 20002),
    });
  }
}

function party(from: number, { name, uscc, nature, region, country }: DeskParty): Pairs {
  return [
    [from, name],
    [from + 1, uscc],
    [from + 2, words.nature(nature)],
    [from + 3, region],
    [from + 4, country],
  ];
}

function listingFields(told: DeskListing): Pairs {
  const { notice } = told;
  const right = told.ipNumber;
  const kind = words.ipKind(told.objectType);
  return [
    [20001, told.number],
    [20002, told.version],
    [20003, told.direction === 'demand' ? '2' : '1'],
    [20005, told.title],
    [20006, told.summary],
    [20007, words.dealType(told.dealType)],
    [20008, told.licenseScope === undefined ? undefined : words.licenseScope(told.licenseScope)],
    [20009, words.mode(told.mode)],
    [20010, 1],
    [20011, kind],
    [20012, kind === 'I' || kind === 'U' ? right?.replace(/^ZL|\./g, '') : right],
    [20013, told.ipTitle ?? told.title],
    [20014, told.seller.name],
    [20017, 'N'],
    [20018, told.field],
    [20019, told.industry],
    [20021, told.maturity],
    ...party(20030, told.seller),
    [20040, words.priceKind(told.priceKind)],
    [20041, told.priceFen],
    [20042, told.depositFen],
    [20043, stampOf(told.publishedAt)],
    [20044, compact(told.startsOn)],
    [20045, compact(told.endsOn)],
    [20046, words.plan(told.plan)],
    [20047, notice && compact(notice.startsOn)],
    [20048, notice && compact(notice.endsOn)],
    [20049, notice && (notice.objections ? 'Y' : 'N')],
    [20050, 0],
    [20054, words.exportControl(told.exportControl ?? 'none')],
  ];
}

function dealFields(told: DeskDeal, host: string): readonly (readonly [number, string | bigint | undefined])[] {
  return [
    [20001, told.listingNumber],
    [20007, words.dealType(told.dealType)],
    [20009, words.mode(told.mode)],
    ...(party(20030, told.seller) as readonly (readonly [number, string])[]),
    [20046, words.plan(told.plan)],
    ...(party(20063, told.buyer) as readonly (readonly [number, string])[]),
    [20070, told.number],
    [20071, told.priceFen],
    [20072, told.technologyFen],
    [20073, told.sellerFeeFen],
    [20074, told.buyerFeeFen],
    [20076, stampOf(told.signedAt)],
    [20078, host === 'SZSE' ? undefined : host],
  ];
}
