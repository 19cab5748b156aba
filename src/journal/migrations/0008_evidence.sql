-- What an exchange signed as one although it holds several messages (a page of stex documents): their proofs name it.
create table native_whole (
  exchange text not null,
  sha256 bytea not null,
  bytes bytea not null,
  primary key (exchange, sha256)
);
select append_only('native_whole');

-- Every certificate revocation list the gateway has known, from when: evidence carries those in force at journal time.
create table crl_seen (
  no bigint generated always as identity primary key,
  -- the authority's key identifier, hex
  authority text not null,
  sha256 bytea not null unique,
  bytes bytea not null,
  seen_at timestamptz not null
);
create index crl_seen_authority on crl_seen (authority, seen_at);
select append_only('crl_seen');

-- Whoever may see a message may have its evidence: digests, checkpoints and lists are public. What an exchange signed as
-- one is its own, for it may hold what others are not to see.
grant select on journal_leaf, journal_node, checkpoint, cosignature, crl_seen, native_whole to qiao_reader;
alter table native_whole enable row level security;
create policy writes on native_whole to qiao_gateway using (true) with check (true);
create policy reads on native_whole for select to qiao_reader
  using ((select viewer()) = '*' or exchange = (select viewer()));
