import type { Books, Mirror } from './books.ts';
import type { Fields } from './checks.ts';
import { badState, key, notFound, type Operation, receive, taken } from './verdict.ts';

/** What the gateway does to mirrors, and what buyers elsewhere want of CTEX's own projects. */

export const mirror: Operation = (fields, books) => {
  const { homeExchange, homeProjectNo, version } = fields;
  const known = books.numbers.get(key('listing', homeExchange, homeProjectNo));
  if (known !== undefined && books.mirrors.get(known)?.version !== version) return badState;
  return taken(books, 'listing', homeExchange, homeProjectNo, 'mirrorNo', () => ({
    prefix: 'JX',
    effect: (number) => show(books, number, fields, 'PUBLISHED'),
  }));
};

export const replaceMirror: Operation = (fields, books, number) => {
  const known = books.mirrors.get(number);
  if (known === undefined) return notFound;
  if (known.home !== key('listing', fields.homeExchange, fields.homeProjectNo)) return badState;
  if (known.version === fields.version) return { code: '2003', data: { mirrorNo: number } };
  if (known.version > (fields.version as number) || known.state === 'OFFLINE') return badState;
  return { code: '0000', data: { mirrorNo: number }, effect: () => show(books, number, fields, known.state) };
};

function show(books: Books, number: string, fields: Fields, state: Mirror['state']): void {
  const { homeExchange, homeProjectNo } = fields;
  const version = fields.version as number;
  books.mirrors.set(number, { home: key('listing', homeExchange, homeProjectNo), version, state });
  const foreign = { exchange: String(homeExchange).toLowerCase(), foreignNumber: String(homeProjectNo) };
  receive(books, number, fields, { kind: 'listing', ...foreign, version, state });
}

const STATES = { SUSPENDED: 'SUSPENDED', RESUMED: 'PUBLISHED', OFFLINE: 'OFFLINE' } as const;

export const changeState: Operation = (fields, books, number) => {
  const known = books.mirrors.get(number);
  if (known === undefined) return notFound;
  const version = (fields.version ?? known.version) as number;
  if (known.state === 'OFFLINE' || version < known.version) return badState;
  const state = STATES[fields.state as keyof typeof STATES];
  return {
    code: '0000',
    data: { mirrorNo: number },
    effect: () => {
      known.state = state;
      known.version = version;
      const entry = books.received.get(number)!;
      books.received.set(number, { ...entry, version, state });
    },
  };
};

export const intent: Operation = (fields, books) => {
  const project = books.projects.get(String(fields.projectNo));
  if (project === undefined) return notFound;
  if (project.state !== 'PUBLISHED') return badState;
  return taken(books, 'interest', fields.hostExchange, fields.hostIntentNo, 'intentNo', () => ({
    prefix: 'YX',
    effect: (number) => {
      books.intents.set(number, { listing: String(fields.projectNo), isOwn: false });
      const foreign = {
        exchange: String(fields.hostExchange).toLowerCase(),
        foreignNumber: String(fields.hostIntentNo),
      };
      receive(books, number, fields, { kind: 'interest', ...foreign });
    },
  }));
};

export const intentResult: Operation = (fields, books, number) => {
  const known = books.intents.get(number);
  if (known?.isOwn !== true) return notFound;
  const before = books.received.get(number);
  if (before !== undefined) {
    return before.state === fields.result ? { code: '2003', data: { intentNo: number } } : badState;
  }
  return {
    code: '0000',
    data: { intentNo: number },
    effect: () => {
      const exchange = String(fields.homeExchange).toLowerCase();
      receive(books, number, fields, { kind: 'interest-decision', exchange, state: String(fields.result) });
    },
  };
};

export const quote: Operation = (fields, books) => {
  const project = books.projects.get(String(fields.projectNo));
  if (project === undefined) return notFound;
  if (project.state !== 'PUBLISHED') return badState;
  return taken(books, 'bid', fields.hostExchange, fields.hostQuoteNo, 'quoteNo', () => ({
    prefix: 'BJ',
    effect: (number) => {
      const foreign = {
        exchange: String(fields.hostExchange).toLowerCase(),
        foreignNumber: String(fields.hostQuoteNo),
      };
      receive(books, number, fields, { kind: 'bid', ...foreign });
    },
  }));
};
