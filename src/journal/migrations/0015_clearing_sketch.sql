-- The standing check between closes: what the journal says, kept as sketches of sets, and what comparing them with those of
-- the exchanges has found. All of it is derived: from the leaves of the log, and from the last look.

-- How far the log has been read: the index of the next leaf.
create table clearing_standing_mark (
  one boolean primary key default true check (one),
  leaf bigint not null
);
insert into clearing_standing_mark (leaf) values (0);

-- Each deal as the journal has it. Text compares byte by byte, as in clearing_row.
create table clearing_standing_deal (
  deal_id text collate "C" primary key,
  version int not null,
  home text collate "C" not null,
  host text collate "C" not null,
  state text collate "C" not null,
  buyer text collate "C" not null,
  seller text collate "C" not null,
  price_fen bigint not null,
  home_fee_fen bigint not null,
  host_fee_fen bigint not null,
  business_date date not null,
  -- in flight: concluded and not confirmed
  concluded boolean not null,
  confirmed boolean not null,
  -- the leaf that last changed it
  leaf bigint not null,
  -- what stands for it in the two exchanges' sketches; null: in none
  home_symbol bytea,
  host_symbol bytea
) with (fillfactor = 80);
create index clearing_standing_deal_date on clearing_standing_deal (business_date);
create index clearing_standing_deal_home on clearing_standing_deal (home_symbol) where home_symbol is not null;
create index clearing_standing_deal_host on clearing_standing_deal (host_symbol) where host_symbol is not null;

-- The journal's sketch of what an exchange's books must say, one an exchange: of all its deals from a business day on.
create table clearing_sketch (
  exchange text collate "C" primary key,
  since date not null,
  -- secret of this session: nobody else can make rows that meet in its cells
  key bytea not null,
  -- iblt.ts: sums, then counts, little endian
  cells bytea not null,
  row_count bigint not null,
  opened_at timestamptz not null
) with (fillfactor = 50);

-- The last look of each pair: an exchange and the journal, or two exchanges and neither the journal.
create table clearing_standing_look (
  one text collate "C" not null,
  other text collate "C" not null,
  outcome text not null check (outcome in ('equal', 'different', 'silent')),
  since date not null,
  -- the leaves of the log that it stands on
  leaf bigint not null,
  -- null: the other side did not answer
  one_rows bigint,
  other_rows bigint,
  -- cells that were needed; null: more than there are, all symbols were sent instead
  cells int,
  -- what the other side sent
  bytes bigint not null,
  open int not null,
  in_flight int not null,
  tolerated int not null,
  -- symbols that nobody was asked about any more: too many differ for a look; the books must be compared
  unread int not null,
  -- why the other side was silent
  fault text,
  looked_at timestamptz not null,
  -- when the two were last found without an open difference
  agreed_at timestamptz,
  primary key (one, other)
) with (fillfactor = 50);

-- What differs now, one row a deal and pair; gone when it no longer does.
create table clearing_standing_difference (
  one text collate "C" not null,
  other text collate "C" not null,
  deal_id text collate "C" not null,
  ordinal int not null,
  home text collate "C" not null,
  host text collate "C" not null,
  -- in-flight: not yet old enough, or waiting for the host; tolerated: within what is agreed
  outcome text not null check (outcome in ('open', 'in-flight', 'tolerated')),
  -- codes.ts, the first of those that failed
  code text collate "C" not null,
  codes text[] not null,
  -- one minus other, in fen; null: no amount differs
  delta_fen bigint,
  -- [{ field, code, book, journal }]; of two exchanges `journal` is the other's word
  fields json not null,
  -- both sides' rows; null: it has none
  one_row json,
  other_row json,
  -- SHA-256 over what both sides say: the same difference as before, whatever the session, or another
  digest bytea not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  primary key (one, other, deal_id, ordinal)
);

-- An exchange sees what its own books are compared with.
select show_rows(seen, '(select viewer()) in (one, other)')
  from unnest(array['clearing_standing_look', 'clearing_standing_difference']) as seen;
