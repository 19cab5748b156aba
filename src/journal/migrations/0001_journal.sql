-- The journal and what hangs on it. Bytes are bytea and are never rewritten; json columns are derived from them.
-- toast_tuple_target: a message of a few kilobytes stays in its row; compressing and moving it out costs more than it saves.

-- One counter row for each stream (a listing or a deal, and who speaks): order is this row's lock, never a sequence's.
create table stream (
  issuer text not null,
  name text not null,
  seq bigint not null,
  head bytea,
  primary key (issuer, name)
) with (fillfactor = 70);

-- The journal: every message between participants, append-only.
create table message (
  no bigint generated always as identity primary key,
  id uuid not null unique,
  kind text not null,
  issuer text not null,
  stream text not null,
  seq bigint not null,
  -- the listing (or the rulebook) that it is about
  subject text not null,
  -- the envelope as signed; it holds the payload's exact bytes
  envelope bytea not null,
  -- what it came from, and the exchange's own signature over that; null for what the gateway itself says
  native bytea,
  proof text,
  -- the countersigned `received` receipt; null for what no exchange sent by itself (the gateway's own word, an answer)
  received bytea,
  recorded_at timestamptz not null,
  unique (issuer, stream, seq)
) with (toast_tuple_target = 8160);
create index message_subject on message (subject, no);

create function refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only: % on % refused', tg_op, tg_table_name;
end $$;
create trigger message_append_only before update or delete on message
  for each row execute function refuse_rewrite();

-- What came in, by the exchange's own id: a repeat gets the first answer, other bytes are a conflict.
create table inbox (
  exchange text not null,
  key text not null,
  digest bytea not null,
  message uuid,
  refusals json,
  arrived_at timestamptz not null,
  primary key (exchange, key)
);

-- What was turned down, with its bytes (bounded) for the exchange's engineers.
create table refusal (
  no bigint generated always as identity primary key,
  exchange text not null,
  key text not null,
  native bytea not null,
  proof text,
  refusals json not null,
  at timestamptz not null
);
create index refusal_exchange on refusal (exchange, no);

-- The same id with other bytes: both are kept.
create table equivocation (
  no bigint generated always as identity primary key,
  exchange text not null,
  key text not null,
  first_digest bytea not null,
  native bytea not null,
  proof text,
  at timestamptz not null
);

-- One-time values seen (nonces), until their window has passed.
create table once (
  exchange text not null,
  value text not null,
  seen_at timestamptz not null,
  primary key (exchange, value)
);
create index once_seen on once (seen_at);

-- Listings as they stand.
create table listing (
  id text primary key,
  home text not null,
  version integer not null,
  status text not null,
  title text not null,
  mode text not null,
  -- the message with the content in force
  message uuid not null,
  -- order of states within a version
  state_at timestamptz,
  -- where it is (being) shown
  hosts text[] not null default '{}',
  -- what a deal on it would take: the listing itself and its IP rights
  assets text[] not null,
  updated_at timestamptz not null
) with (fillfactor = 80);
create index listing_page on listing (updated_at, id);

-- Content of every version ever given, so that a late or repeated version is known for what it is.
create table listing_version (
  id text not null,
  version integer not null,
  digest bytea not null,
  primary key (id, version)
);

-- Every decision ever taken, with its reasons. `current` marks the last one for that listing and host.
create table decision (
  no bigint generated always as identity primary key,
  listing text not null,
  version integer not null,
  host text not null,
  verdict text not null,
  message uuid not null,
  body json not null,
  recheck_on date,
  current boolean not null,
  decided_at timestamptz not null
) with (fillfactor = 90, toast_tuple_target = 8160);
create unique index decision_current on decision (listing, host) where current;
-- a delivery is sent under the decision that let it go
create index decision_message on decision (message, host);
create index decision_waiting on decision (recheck_on) where current and verdict in ('hold', 'refuse');

-- Numbers that an exchange gave to what belongs to another: mirrors, interests, bids, deals, funds.
create table number (
  exchange text not null,
  kind text not null,
  number text not null,
  id text not null,
  primary key (exchange, kind, number)
);
create unique index number_of on number (exchange, kind, id);

create table interest (
  id text primary key,
  listing text not null,
  host text not null,
  buyer_key text not null,
  status text not null,
  message uuid not null,
  updated_at timestamptz not null
);
create index interest_listing on interest (listing);

create table bid (
  id text primary key,
  listing text not null,
  host text not null,
  amount_fen bigint not null,
  message uuid not null
);

create table deal (
  id text primary key,
  version integer not null,
  listing text not null,
  home text not null,
  host text not null,
  status text not null,
  price_fen bigint not null,
  -- what must be paid before a certificate
  due_fen bigint not null,
  paid_fen bigint not null default 0,
  -- payload digest of the version in force, for the co-signature
  digest bytea not null,
  message uuid not null,
  -- the host's co-signature
  confirmation uuid,
  updated_at timestamptz not null
);
create index deal_page on deal (updated_at, id);
create index deal_listing on deal (listing);

create table deal_version (
  id text not null,
  version integer not null,
  digest bytea not null,
  primary key (id, version)
);

-- One active award for each asset, federation-wide: the primary key is the rule.
create table award (
  asset text primary key,
  deal text not null
);

-- When an asset last changed hands: resale within five trading days is a red line.
create table sale (
  asset text primary key,
  sold_on date not null
);

create table funds (
  id text primary key,
  deal text,
  interest text,
  leg text not null,
  amount_fen bigint not null,
  message uuid not null
);
create index funds_deal on funds (deal);

-- The outbox: one row for each message and exchange it must reach.
create table delivery (
  no bigint generated always as identity primary key,
  message uuid not null,
  exchange text not null,
  -- everything about one listing reaches one exchange in order
  lane text not null,
  kind text not null,
  -- waiting, sending, in-doubt; then accepted, refused, dead
  state text not null,
  open boolean not null,
  attempts integer not null default 0,
  -- not before this; while sending: until when it is leased
  due_at timestamptz not null,
  number text,
  reason json,
  loss json,
  sent bytea,
  answer bytea,
  -- the recipient's accepted or refused receipt
  receipt bytea,
  created_at timestamptz not null,
  finished_at timestamptz,
  unique (message, exchange)
) with (fillfactor = 70, toast_tuple_target = 8160);
create index delivery_due on delivery (exchange, no) where open;
create index delivery_lane on delivery (exchange, lane, no) where open;
create index delivery_dead on delivery (no) where state = 'dead';

create table rulebook (
  exchange text not null,
  version integer not null,
  sha256 text not null,
  body json not null,
  message uuid not null,
  recorded_at timestamptz not null,
  primary key (exchange, version)
);

-- What a link must still know after a crash.
create table link_memory (
  exchange text not null,
  name text not null,
  value text not null,
  primary key (exchange, name)
) with (fillfactor = 50);
create table link_sent (
  exchange text not null,
  seq bigint not null,
  bytes bytea not null,
  primary key (exchange, seq)
);

-- Answers to POST under /v1, by caller and Idempotency-Key.
create table idempotency (
  caller text not null,
  key text not null,
  digest bytea not null,
  status integer,
  body text,
  created_at timestamptz not null,
  primary key (caller, key)
);

-- Tables that turn over fast are swept, and their statistics taken, by count and not by share: a plan made while they
-- were empty must not live long.
do $$
declare name text;
begin
  foreach name in array array['delivery', 'stream', 'decision', 'number', 'listing', 'message', 'inbox', 'link_memory'] loop
    execute format('alter table %I set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, '
      'autovacuum_analyze_scale_factor = 0.05, autovacuum_analyze_threshold = 500)', name);
  end loop;
end $$;
