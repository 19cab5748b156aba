-- What the gateway has said of the log under its signature: one checkpoint for each size and never another, so that one
-- database cannot hold two histories. What a second database says, the witnesses see.
create table checkpoint (
  size bigint primary key,
  root bytea not null,
  -- a signed note (C2SP): the text and the gateway's own lines
  note bytea not null,
  signed_at timestamptz not null
);
select append_only('checkpoint');

-- What the witnesses say of it. Asked again while the log rests: a later word replaces the earlier one.
create table cosignature (
  size bigint not null references checkpoint,
  -- the exchange whose witness it is
  witness text not null,
  line text not null,
  -- by the witness's clock, and by ours
  said_at timestamptz not null,
  received_at timestamptz not null,
  primary key (size, witness)
);

-- What a witness would not cosign because it contradicts what it saw before: kept for good.
create table witness_refusal (
  no bigint generated always as identity primary key,
  witness text not null,
  kind text not null check (kind in ('fork', 'rollback')),
  size bigint not null references checkpoint,
  -- the witness's own, as far as it said
  witness_size bigint,
  refused_at timestamptz not null,
  unique (witness, kind, size)
);
select append_only('witness_refusal');
