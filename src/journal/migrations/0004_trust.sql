-- Every version of the trust list that came into force, exactly as the operators signed it.
create table trust_version (
  no bigint generated always as identity primary key,
  version integer not null unique check (version > 0),
  bytes bytea not null,
  recorded_at timestamptz not null
);

create view leaf_trust_version as
  select no, 'trust'::text as stream, version::bigint as seq, 'operators'::text as sender, recorded_at as at, bytes,
         null::bytea as beside
    from trust_version;

select keep_in_log('trust_version');

-- It is public.
grant select on trust_version to qiao_reader;
