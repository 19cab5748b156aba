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
  -- the name of its file in the key store, e.g. main-root
  authority text not null,
  sha256 bytea not null unique,
  bytes bytea not null,
  seen_at timestamptz not null
);
create index crl_seen_authority on crl_seen (authority, seen_at);
select append_only('crl_seen');
