/**
 * A second reading of the rules, written from the prose of the rules and slow on purpose:
 * it counts days one by one, knows the holidays of 2026 from the State Council notice by heart, and shares no line
 * with the code under test. Where the two disagree, one of them misread the rules.
 */

export interface OracleBook {
  privateDisclosure: { days: number; dayKind: 'working' | 'calendar' };
  calendar: 'statutory' | 'securities';
  startDay: 'excluded' | 'included';
  regimes: string[];
  modes: string[];
  objectTypes: string[];
  dealTypes: string[];
  priceKinds: string[];
  depositCapPercent: number;
  instalments: boolean;
  soeLicence: 'yes' | 'no' | 'unknown';
  foreign: 'admit' | 'hold' | 'refuse';
  hkMoTw: 'admit' | 'hold' | 'refuse';
}

const ALL_OBJECTS = [
  'invention',
  'utility-model',
  'design',
  'patent-application',
  'software',
  'ic-layout',
  'plant-variety',
  'bio-variety',
  'know-how',
  'other',
];
const ALL_REGIMES = ['soe-asset', 'soe-equity', 'soe-capital', 'public-rnd', 'private'];
const ALL_DEALS = ['development', 'transfer', 'license', 'consulting', 'service', 'equity-contribution'];
const ALL_MODES = ['agreement', 'listing', 'auction', 'bidding', 'tender'];

/** The values of the three rulebooks, written down a second time. */
export const prose: Readonly<Record<'ctex' | 'stex' | 'szse', OracleBook>> = {
  ctex: {
    privateDisclosure: { days: 10, dayKind: 'working' },
    calendar: 'statutory',
    startDay: 'excluded',
    regimes: ALL_REGIMES,
    modes: ALL_MODES,
    objectTypes: ALL_OBJECTS,
    dealTypes: ALL_DEALS,
    priceKinds: ['fixed', 'reserve', 'negotiable'],
    depositCapPercent: 30,
    instalments: true,
    soeLicence: 'unknown',
    foreign: 'hold',
    hkMoTw: 'hold',
  },
  stex: {
    privateDisclosure: { days: 20, dayKind: 'working' },
    calendar: 'statutory',
    startDay: 'excluded',
    regimes: ALL_REGIMES,
    modes: ['agreement', 'listing', 'auction', 'tender', 'bidding'],
    objectTypes: ALL_OBJECTS.filter((type) => type !== 'other'),
    dealTypes: ALL_DEALS,
    priceKinds: ['fixed', 'reserve'],
    depositCapPercent: 30,
    instalments: true,
    soeLicence: 'unknown',
    foreign: 'hold',
    hkMoTw: 'hold',
  },
  szse: {
    privateDisclosure: { days: 15, dayKind: 'calendar' },
    calendar: 'securities',
    startDay: 'excluded',
    regimes: ['soe-asset', 'public-rnd', 'private'],
    modes: ['agreement', 'listing', 'bidding'],
    objectTypes: ['invention', 'utility-model', 'software', 'ic-layout', 'know-how'],
    dealTypes: ['transfer', 'license', 'service'],
    priceKinds: ['fixed', 'reserve'],
    depositCapPercent: 20,
    instalments: false,
    soeLicence: 'unknown',
    foreign: 'refuse',
    hkMoTw: 'refuse',
  },
};

/** What the oracle looks at in a listing. */
export interface OracleListing {
  regime: string;
  mode: string;
  dealType: string;
  object: { type: string; ip: { holders: readonly string[] }[] };
  seller: { nature: string; country: string };
  price: { kind: string; amount?: { amount: string } };
  deposit?: { amount: { amount: string } };
  disclosure: { startsOn: string; endsOn: string; notice?: { startsOn?: string; endsOn: string; objections: boolean } };
  payment: { plan: string; instalments?: { share: string; dueDays: number }[] };
  export: string;
}

export interface OracleAnswer {
  verdict: 'relay' | 'relay-with-terms' | 'hold' | 'refuse';
  codes: string[];
  endsOn: string;
  depositFen: number | undefined;
}

/** 2026 off (国务院办公厅 2025-11-04): the days between each pair, both included; and the weekends worked. */
const OFF_2026 = [
  ['2026-01-01', '2026-01-03'],
  ['2026-02-15', '2026-02-23'],
  ['2026-04-04', '2026-04-06'],
  ['2026-05-01', '2026-05-05'],
  ['2026-06-19', '2026-06-21'],
  ['2026-09-25', '2026-09-27'],
  ['2026-10-01', '2026-10-07'],
] as const;
const WORK_2026 = ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'];

const BEYOND = '2027-unknown';

function nextDay(date: string): string {
  const day = new Date(`${date}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

function works(date: string, calendar: OracleBook['calendar']): boolean {
  if (OFF_2026.some(([from, to]) => from <= date && date <= to)) return false;
  const weekday = new Date(`${date}T12:00:00Z`).getUTCDay();
  if (weekday >= 1 && weekday <= 5) return true;
  return calendar === 'statutory' && WORK_2026.includes(date);
}

/** Day by day from the start; BEYOND once a day outside 2026 would have to be judged. */
export function lastDay(
  startsOn: string,
  days: number,
  dayKind: 'working' | 'calendar',
  calendar: OracleBook['calendar'],
  startDay: OracleBook['startDay'],
): string {
  let date = startsOn;
  let left = days;
  if (startDay === 'included' && (dayKind === 'calendar' || works(date, calendar))) left -= 1;
  while (left > 0) {
    date = nextDay(date);
    if (!date.startsWith('2026')) return BEYOND;
    if (dayKind === 'calendar' || works(date, calendar)) left -= 1;
  }
  while (!works(date, calendar)) {
    date = nextDay(date);
    if (!date.startsWith('2026')) return BEYOND;
  }
  return date;
}

function wanFen(wan: number): number {
  return wan * 1_000_000;
}

/** The disclosure a book asks of this listing, as [days, kind]; several where the price does not tell the tier. */
function disclosures(
  listing: OracleListing,
  priceFen: number | undefined,
  own: OracleBook['privateDisclosure'] | undefined,
): [number, 'working' | 'calendar'][] {
  if (listing.regime === 'private') return own === undefined ? [] : [[own.days, own.dayKind]];
  if (listing.regime === 'soe-asset') {
    if (priceFen === undefined || priceFen >= wanFen(1000)) return [[20, 'working']];
    if (priceFen > wanFen(100)) return [[10, 'working']];
    return own === undefined ? [] : [[5, 'working']];
  }
  if (listing.regime === 'soe-equity') return [[20, 'working']];
  if (listing.regime === 'soe-capital') return [[40, 'working']];
  return [];
}

export function judge(
  listing: OracleListing,
  home: OracleBook,
  host: OracleBook,
  date: string,
  lastConcludedOn?: string,
): OracleAnswer {
  const codes: string[] = [];
  const priceFen = listing.price.amount && Math.round(Number(listing.price.amount.amount) * 100);
  if (!host.modes.includes(listing.mode)) codes.push('mode-unsupported');
  if (!host.objectTypes.includes(listing.object.type)) codes.push('object-type-unsupported');
  if (!host.dealTypes.includes(listing.dealType)) codes.push('deal-type-unsupported');
  if (!host.priceKinds.includes(listing.price.kind)) codes.push('price-kind-unsupported');
  if (listing.regime.startsWith('soe') && (host.soeLicence !== 'yes' || !host.regimes.includes(listing.regime))) {
    codes.push('soe-venue');
  }
  const plan = listing.payment.instalments;
  if (listing.payment.plan === 'instalments' && plan !== undefined) {
    const due = plan.map(({ dueDays }) => dueDays);
    const first = plan.filter(({ dueDays }) => dueDays === Math.min(...due));
    const enough = first.reduce((sum, { share }) => sum + Math.round(Number(share) * 1e6), 0) >= 300_000;
    const goodPlan = enough && Math.max(...due) <= 365;
    if (!host.instalments || !goodPlan) codes.push('instalments-unsupported');
  }
  const { nature, country } = listing.seller;
  const isHkMoTw = nature === 'hk-mo-tw' || ['110', '121', '143'].includes(country);
  const isForeign = !isHkMoTw && (nature === 'foreign' || country !== '142');
  const admission = isHkMoTw ? host.hkMoTw : isForeign ? host.foreign : 'admit';
  if (admission === 'refuse') codes.push('party-refused');
  if (admission === 'hold') codes.push('party-hold');
  if (listing.export === 'prohibited') codes.push('export-prohibited');
  if (listing.export === 'restricted') codes.push('export-hold');
  if (listing.object.ip.some(({ holders }) => holders.length > 200)) codes.push('red-line');
  if (lastConcludedOn !== undefined) {
    const again = lastDay(lastConcludedOn, 5, 'working', 'securities', 'excluded');
    if (again === BEYOND) codes.push('calendar-unknown');
    else if (date < again) codes.push('red-line');
  }

  const notice = listing.disclosure.notice;
  if (listing.regime === 'public-rnd' && listing.mode === 'agreement') {
    let ends = notice?.endsOn;
    if (notice?.startsOn !== undefined) {
      const lawful = [
        lastDay(notice.startsOn, 15, 'calendar', 'statutory', 'excluded'),
        lastDay(notice.startsOn, 15, 'calendar', home.calendar, home.startDay),
        lastDay(notice.startsOn, 15, 'calendar', host.calendar, host.startDay),
      ];
      if (lawful.includes(BEYOND)) codes.push('calendar-unknown');
      for (const day of lawful) if (ends !== undefined && day > ends) ends = day;
    }
    if (ends === undefined || ends >= date) codes.push('notice-open');
    if (notice?.objections === true) codes.push('notice-objection');
  }

  const { startsOn, endsOn } = listing.disclosure;
  const ends = (book: Pick<OracleBook, 'calendar' | 'startDay'>, own?: OracleBook['privateDisclosure']) =>
    disclosures(listing, priceFen, own).map(([days, kind]) =>
      lastDay(startsOn, days, kind, book.calendar, book.startDay),
    );
  const byLaw = ends({ calendar: 'statutory', startDay: 'excluded' });
  const byHome = home.regimes.includes(listing.regime) ? ends(home, home.privateDisclosure) : [];
  const byHost = host.regimes.includes(listing.regime) ? ends(host, host.privateDisclosure) : [];
  const all = [...byLaw, ...byHome, ...byHost];
  if (all.includes(BEYOND) || !endsOn.startsWith('2026')) codes.push('calendar-unknown');
  if ([...byLaw, ...byHome].some((end) => (end === BEYOND ? endsOn <= '2026-12-31' : end > endsOn))) {
    codes.push('disclosure-short');
  }
  if ([...byLaw, ...byHost].some((end) => end !== BEYOND && end > endsOn)) codes.push('disclosure-extended');
  let last = endsOn;
  for (const end of all) if (end !== BEYOND && end > last) last = end;

  let depositFen = listing.deposit && Math.round(Number(listing.deposit.amount.amount) * 100);
  if (depositFen !== undefined && priceFen !== undefined) {
    const cap = Math.floor((priceFen * host.depositCapPercent) / 100);
    if (depositFen > cap) {
      codes.push('deposit-capped');
      depositFen = cap;
    }
  }
  return { verdict: verdict(codes), codes: [...new Set(codes)].sort(), endsOn: last, depositFen };
}

function verdict(codes: readonly string[]): OracleAnswer['verdict'] {
  const terms = ['disclosure-extended', 'deposit-capped'];
  const holds = ['party-hold', 'notice-open', 'notice-objection', 'export-hold', 'calendar-unknown'];
  if (codes.some((code) => !terms.includes(code) && !holds.includes(code))) return 'refuse';
  if (codes.some((code) => holds.includes(code))) return 'hold';
  return codes.length > 0 ? 'relay-with-terms' : 'relay';
}
