import type { Pair } from './message.ts';

/** What the profile says a message of each type may hold; anything else is a wrong parameter (380=4). */
type Check = (value: string) => boolean;

const text: Check = (value) => value.length > 0 && Buffer.byteLength(value) <= 2000;
const number: Check = (value) => value.length > 0 && value.length <= 64;
const fen: Check = (value) => /^(0|[1-9]\d{0,15})$/.test(value) && Number.isSafeInteger(Number(value));
const count: Check = (value) => /^[1-9]\d{0,6}$/.test(value);
const date: Check = (value) => {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(value);
  if (match === null) return false;
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return day.getUTCMonth() === Number(match[2]) - 1 && day.getUTCDate() === Number(match[3]);
};
const time: Check = (value) => /^\d{8}-([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}$/.test(value) && date(value.slice(0, 8));
const of =
  (...codes: readonly string[]): Check =>
  (value) =>
    codes.includes(value);
const matching =
  (pattern: RegExp): Check =>
  (value) =>
    pattern.test(value);

const flag = of('Y', 'N');
const exchange = of('CTEX', 'STEX');
const nature = of('1', '2', '3', '4', '5');
const uscc = matching(/^[0-9A-HJ-NP-RTUWXY]{18}$/);
const region = matching(/^\d{6}$/);
const country = matching(/^\d{3}$/);
const dealType = of('T', 'L', 'S');
const mode = of('A', 'G', 'B');
const plan = of('1', '3', '4');

interface Shape {
  readonly need: Readonly<Record<number, Check>>;
  readonly may: Readonly<Record<number, Check>>;
}

const seller: Shape = {
  need: { 20030: text, 20032: nature, 20034: country },
  may: { 20031: uscc, 20033: region },
};
const buyer: Shape = {
  need: { 20063: text, 20065: nature, 20067: country },
  may: { 20064: uscc, 20066: region },
};
const request: Shape = { need: { 11: number }, may: {} };
const origin: Shape = { need: { 20080: exchange, 20081: number }, may: {} };

const shapes: Readonly<Record<string, Shape>> = {
  UN: joined(request, origin, seller, {
    need: {
      20002: count,
      20003: of('1', '2'),
      20005: text,
      20007: dealType,
      20009: mode,
      20010: matching(/^\d{1,3}$/),
      20018: of('01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11'),
      20040: of('F', 'R', 'N'),
      20043: time,
      20044: date,
      20045: date,
      20046: plan,
      20050: matching(/^\d{1,3}$/),
      20054: of('0', '1', '2'),
    },
    may: {
      20006: text,
      20008: of('E', 'S', 'O'),
      20019: matching(/^[A-T]\d{0,4}$/),
      20020: text,
      20021: matching(/^[1-9]$/),
      20041: fen,
      20042: fen,
      20047: date,
      20048: date,
      20049: flag,
      20089: number,
    },
  }),
  US: joined(request, {
    need: { 20004: of('1', '2', '3', '4'), 20089: number },
    may: { 20002: count, 58: text, 60: time },
  }),
  UI: joined(request, origin, buyer, { need: { 20001: number }, may: { 20002: count, 20062: fen, 60: time } }),
  UJ: joined(request, { need: { 20060: number, 20061: of('1', '2') }, may: { 20080: exchange, 58: text, 60: time } }),
  UB: joined(request, origin, buyer, { need: { 20001: number, 20069: fen }, may: { 20002: count, 60: time } }),
  UD: deal({}, {}),
  UE: deal({ 20075: number }, {}),
  UC: deal({}, { 20075: number, 20077: text }),
  UK: joined(request, { need: { 20002: count, 20070: number, 20078: exchange }, may: { 20081: number, 60: time } }),
  UF: joined(request, origin, {
    need: { 20083: of('1', '2', '3', '4', '5'), 20084: text, 20085: text, 20086: fen, 20087: date, 20088: number },
    may: { 20060: number, 20070: number },
  }),
};

const ipKinds = of('I', 'U', 'C', 'L', 'K');
const groups: Readonly<Record<number, { readonly first: number; readonly members: Shape }>> = {
  20010: {
    first: 20011,
    members: {
      need: { 20011: ipKinds, 20013: text, 20014: text },
      may: { 20012: number, 20015: date, 20016: date, 20017: flag },
    },
  },
  20050: {
    first: 20051,
    members: {
      need: { 20051: of('1', '2', '3', '4', '5', '6'), 20052: text, 20053: matching(/^[0-9a-f]{64}$/) },
      may: {},
    },
  },
};

function joined(...parts: readonly Shape[]): Shape {
  return {
    need: Object.assign({}, ...parts.map(({ need }) => need)) as Shape['need'],
    may: Object.assign({}, ...parts.map(({ may }) => may)) as Shape['may'],
  };
}

function deal(need: Shape['need'], may: Shape['may']): Shape {
  return joined(request, origin, seller, buyer, {
    need: {
      20002: count,
      20007: dealType,
      20009: mode,
      20046: plan,
      20071: fen,
      20072: fen,
      20076: time,
      20089: number,
      ...need,
    },
    may: { 20073: fen, 20074: fen, ...may },
  });
}

export type Fields = Readonly<Record<number, string>>;

/** The fields outside groups, or what is wrong with the message. */
export function readShape(type: string, pairs: readonly Pair[]): Fields | string {
  const shape = shapes[type];
  if (shape === undefined) return `35=${type}`;
  const fields: Record<number, string> = {};
  for (let i = 0; i < pairs.length; i++) {
    const [tag, value] = pairs[i]!;
    const check = shape.need[tag] ?? shape.may[tag];
    if (check === undefined) return `unknown tag ${tag}`;
    if (fields[tag] !== undefined) return `tag ${tag} twice`;
    if (!check(value)) return `tag ${tag}`;
    fields[tag] = value;
    const group = groups[tag];
    if (group === undefined) continue;
    const members = membersFrom(pairs, i + 1, group.members);
    const wrong = members.find((member) => checkMember(member, group.first, group.members) !== undefined);
    if (wrong !== undefined) return `group ${tag}: ${checkMember(wrong, group.first, group.members)}`;
    if (members.length !== Number(value)) return `group ${tag}: ${value} told, ${members.length} given`;
    i += members.flat().length;
  }
  const missing = Object.keys(shape.need).find((tag) => fields[Number(tag)] === undefined);
  return missing === undefined ? fields : `tag ${missing} is missing`;
}

function membersFrom(pairs: readonly Pair[], from: number, { need, may }: Shape): readonly (readonly Pair[])[] {
  const first = Number(Object.keys(need)[0]);
  const members: Pair[][] = [];
  for (let i = from; i < pairs.length; i++) {
    const pair = pairs[i]!;
    if (need[pair[0]] === undefined && may[pair[0]] === undefined) break;
    if (pair[0] === first || members.length === 0) members.push([]);
    members.at(-1)!.push(pair);
  }
  return members;
}

function checkMember(member: readonly Pair[], first: number, { need, may }: Shape): string | undefined {
  if (member[0]![0] !== first) return `starts with ${member[0]![0]}`;
  const seen = new Set<number>();
  for (const [tag, value] of member) {
    if (seen.has(tag)) return `tag ${tag} twice`;
    seen.add(tag);
    if (!(need[tag] ?? may[tag])!(value)) return `tag ${tag}`;
  }
  const [kind, right] = [valueIn(member, 20011), valueIn(member, 20012)];
  if ((kind === 'I' || kind === 'U') && right !== undefined && !/^(\d{12}|\d{8})[\dX]$/.test(right)) return 'tag 20012';
  const missing = Object.keys(need).find((tag) => !seen.has(Number(tag)));
  return missing === undefined ? undefined : `tag ${missing} is missing`;
}

function valueIn(member: readonly Pair[], tag: number): string | undefined {
  return member.find(([one]) => one === tag)?.[1];
}
