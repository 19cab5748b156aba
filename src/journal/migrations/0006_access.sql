-- Who may come in, what they did, and which rows an exchange sees.

-- People, and programs that hold keys. Nobody is ever removed: their name stands in the audit trail.
create table account (
  name text primary key,
  role text not null,
  -- the one exchange whose rows it sees; null: all
  exchange text,
  -- argon2id, PHC string; null: no password opens it
  password text,
  -- issuer and subject at the OpenID provider, where it came from there
  subject text unique,
  disabled boolean not null default false,
  created_at timestamptz not null,
  check (role in ('maker', 'checker', 'supervisor', 'exchange-viewer', 'auditor', 'integrator')),
  check (case role when 'exchange-viewer' then exchange is not null when 'integrator' then true else exchange is null end)
);

-- Of a token only its SHA-256 is kept: who reads this table cannot use one.
create table session (
  digest bytea primary key,
  account text not null references account,
  opened_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null
) with (fillfactor = 70);
create index session_account on session (account);
create index session_ends on session (ends_at);

create table api_key (
  id uuid primary key,
  digest bytea not null unique,
  account text not null references account,
  label text not null,
  made_by text not null,
  made_at timestamptz not null,
  ends_at timestamptz not null,
  revoked_at timestamptz
);
create index api_key_account on api_key (account);

-- Passwords tried in vain, by the name that was given, whether there is such an account or not.
create table login_failure (
  name text primary key,
  failures integer not null,
  -- how many of them stand in the audit trail
  noted integer not null default 0,
  -- not tried again before
  open_at timestamptz not null,
  last_at timestamptz not null
) with (fillfactor = 70);
create index login_failure_last on login_failure (last_at);
create index login_failure_unnoted on login_failure (name) where failures > noted;

-- Every act, each with the digest of the one before it, and each in the log.
create table audit (
  no bigint generated always as identity primary key,
  -- canonical JSON (RFC 8785); the columns beside it are read from it
  bytes bytea not null,
  actor text not null,
  role text not null,
  act text not null,
  subject text not null,
  at timestamptz not null
);
create index audit_subject on audit (subject, no);
create index audit_actor on audit (actor, no);
create view leaf_audit as
  select no, 'audit'::text as stream, no as seq, 'qiao'::text as sender, at, bytes,
         parts_digest(convert_to(actor, 'UTF8'), convert_to(role, 'UTF8'), convert_to(act, 'UTF8'),
                      convert_to(subject, 'UTF8')) as beside
    from audit;
select keep_in_log('audit');

-- Whose eyes this transaction reads with: an exchange, or * for staff. Unset: nobody's.
create function viewer() returns text language sql stable parallel safe as $$
  select coalesce(current_setting('qiao.viewer', true), '')
$$;
-- The exchange that owns a listing, deal or interest: `ctex:TJ2026-1` → `ctex`.
create function owner_of(id text) returns text language sql immutable parallel safe as $$ select split_part(id, ':', 1) $$;
-- Runs as the owner of the tables: the policies of `message` and `delivery` would otherwise ask each other for ever.
create function issuer_of(message_id uuid) returns text language sql stable parallel safe security definer
  set search_path from current as $$ select issuer from message where id = message_id $$;
create function was_sent_to(message_id uuid, exchange_code text) returns boolean language sql stable parallel safe
  security definer set search_path from current as $$
  select exists (select from delivery where message = message_id and exchange = exchange_code)
$$;

-- What the role qiao_reader sees of each table; `(select viewer())` is asked once for a statement, not for every row.
-- A host sees of a listing what was sent to it, not what its home's or its own rules held back.
do $$
declare
  seen constant text[][] := array[
    ['listing',      'home = (select viewer()) or was_sent_to(message, (select viewer()))'],
    ['decision',     'owner_of(listing) = (select viewer())
                      or (host = (select viewer()) and was_sent_to(message, (select viewer())))'],
    ['number',       'exchange = (select viewer()) or owner_of(id) = (select viewer())'],
    ['interest',     'host = (select viewer()) or owner_of(listing) = (select viewer())'],
    ['bid',          'host = (select viewer()) or owner_of(listing) = (select viewer())'],
    ['deal',         'home = (select viewer()) or host = (select viewer())'],
    ['funds',        'exists (select from deal d where d.id = funds.deal)
                      or exists (select from interest i where i.id = funds.interest)'],
    ['message',      'issuer = (select viewer()) or owner_of(subject) = (select viewer()) or (kind = ''rulebook'' and (select viewer()) <> '''')
                      or was_sent_to(id, (select viewer()))'],
    ['delivery',     'exchange = (select viewer()) or owner_of(lane) = (select viewer())
                      or issuer_of(message) = (select viewer())'],
    ['receipt',      'recipient = (select viewer()) or issuer = (select viewer()) or exists (select from message m
                      where m.id = receipt.message and (receipt.recipient = ''qiao'' or m.issuer = (select viewer())
                        or owner_of(m.subject) = (select viewer())))'],
    ['refusal',      'exchange = (select viewer())'],
    ['equivocation', 'exchange = (select viewer())'],
    ['rulebook',     '(select viewer()) <> '''''],
    ['audit',        'false'],
    ['account',      'false'],
    ['api_key',      'false']
  ];
  t text[];
begin
  foreach t slice 1 in array seen loop
    execute format('alter table %I enable row level security', t[1]);
    execute format('create policy writes on %I to qiao_gateway using (true) with check (true)', t[1]);
    execute format('create policy reads on %I for select to qiao_reader using ((select viewer()) = ''*'' or %s)', t[1], t[2]);
    -- Of accounts and keys never what could open them.
    execute format('grant select %s on %I to qiao_reader', case t[1]
      when 'account' then '(name, role, exchange, disabled, created_at)'
      when 'api_key' then '(id, account, label, made_by, made_at, ends_at, revoked_at)' else '' end, t[1]);
  end loop;
  execute format('grant usage on schema %I to qiao_reader', current_schema());
end $$;
