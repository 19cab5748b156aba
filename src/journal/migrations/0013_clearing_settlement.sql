-- What the day comes to in money: which deals stand, who owes whom which fee, the net, its instructions and what the banks
-- say of them, the legs of the deals, and the three exchanges' signatures over the result.

-- What each deal comes to, as the newest comparison that saw it left it. A deal that is held is in no net and not settled.
create table clearing_due (
  deal_id text collate "C" primary key,
  -- the business day and version of the comparison
  cycle text collate "C" not null,
  version int not null,
  home text collate "C" not null,
  host text collate "C" not null check (host <> home),
  -- signed, certified or cancelled: as all three books have it, or, of a deal they agreed on before, the journal since
  state text collate "C" not null check (state in ('signed', 'certified', 'cancelled')),
  price_fen bigint not null,
  home_fee_fen bigint not null,
  host_fee_fen bigint not null,
  -- why it is held: the code of the open break (TIM: in flight), ADJUSTED (the desk decided against the journal, which has not
  -- followed yet) or CHANGED (its amounts moved after the three agreed); null: it stands
  held text,
  -- since which business day; a later comparison does not begin it anew
  held_since date,
  check ((held is null) = (held_since is null))
);
create index clearing_due_held on clearing_due (deal_id) where held is not null;
create index clearing_due_signed on clearing_due (deal_id) where state = 'signed';

-- What is netted: one for all three exchanges and every currency. Its figures never change, only how far it is.
create table clearing_net (
  -- `<cycle>#<no>`
  id text collate "C" primary key,
  cycle text collate "C" not null,
  no int not null check (no > 0),
  run uuid not null references clearing_run (id),
  state text not null default 'netted' check (state in ('netted', 'instructed', 'settled', 'failed', 'aborted', 'superseded')),
  -- [{ currency, gross: { i: { j } }, positions, payIn, legs: [{ payer, payee, amount }] }], amounts as text
  nets json not null,
  entries bigint not null,
  -- SHA-256, hex, over its entries, and over the deals left out, in their order
  entries_sha256 text not null,
  holds_sha256 text not null,
  held_deals bigint not null,
  held_fen numeric not null,
  made_at timestamptz not null,
  unique (cycle, no)
);
create unique index clearing_net_standing on clearing_net (cycle) where state not in ('superseded', 'aborted');

-- What one exchange owes another, once and for ever: a fee, what a reversal takes back (negative), a leg that failed.
create table clearing_obligation (
  -- the deal, or `net:<id>` of a leg that failed
  subject text collate "C" not null,
  -- fee, reversal, or the instruction that failed
  entry text collate "C" not null,
  debtor text collate "C" not null,
  creditor text collate "C" not null check (creditor <> debtor),
  currency text collate "C" not null,
  fen bigint not null,
  -- the business day it arose
  cycle text collate "C" not null,
  -- the net that it is in; null: open. The only column that changes.
  net text collate "C" references clearing_net (id),
  primary key (subject, entry)
);
revoke update, delete, truncate on clearing_obligation from qiao_gateway;
grant update (net) on clearing_obligation to qiao_gateway;
create index clearing_obligation_net on clearing_obligation (net);

-- What was in a net, and what was left out of it, as it stood then.
create table clearing_net_entry (
  net text collate "C" not null references clearing_net (id),
  subject text collate "C" not null,
  entry text collate "C" not null,
  debtor text collate "C" not null,
  creditor text collate "C" not null,
  currency text collate "C" not null,
  fen bigint not null,
  primary key (net, subject, entry)
);
create table clearing_hold (
  net text collate "C" not null references clearing_net (id),
  deal_id text collate "C" not null,
  home text collate "C" not null,
  host text collate "C" not null,
  reason text not null,
  since date not null,
  price_fen bigint not null,
  host_fee_fen bigint not null,
  primary key (net, deal_id)
);

-- One payment of a net, told to the payer's bank in a pacs.009 file.
create table clearing_instruction (
  -- end-to-end id, at most 35 characters
  id text collate "C" primary key check (length(id) <= 35),
  net text collate "C" not null references clearing_net (id),
  payer text collate "C" not null,
  payee text collate "C" not null check (payee <> payer),
  currency text collate "C" not null,
  fen bigint not null check (fen > 0),
  -- SHA-256, hex, of the file it stands in
  file text collate "C" not null,
  state text not null default 'instructed' check (state in ('instructed', 'settled', 'failed')),
  -- the bank's reference, or its reason
  reference text,
  ended_at timestamptz,
  check ((state = 'instructed') = (ended_at is null))
);
create index clearing_instruction_net on clearing_instruction (net);
create table clearing_instruction_file (
  sha256 text collate "C" primary key,
  net text collate "C" not null references clearing_net (id),
  payer text collate "C" not null,
  message_id text collate "C" not null unique check (length(message_id) <= 35),
  bytes bytea not null,
  made_at timestamptz not null
);

-- What banks say of instructions and payouts: every file as it came, every line with what became of it.
create table clearing_status_file (
  sha256 text collate "C" primary key,
  kind text not null check (kind in ('pacs.002', 'camt.054', 'unknown')),
  bytes bytea not null,
  actor text not null,
  -- why nothing of it was read: [{ code, pointer, zh, en }]
  refusals json not null,
  received_at timestamptz not null
);
create table clearing_status (
  file text collate "C" not null references clearing_status_file (sha256),
  line int not null,
  -- end-to-end id of the instruction or payout it names
  names text collate "C" not null,
  -- settled, failed or pending
  says text not null check (says in ('settled', 'failed', 'pending')),
  reference text,
  fen bigint,
  outcome text not null check (outcome in ('taken', 'repeated', 'pending', 'refused')),
  refusals json not null,
  primary key (file, line)
);
create index clearing_status_names on clearing_status (names);

-- A deal delivered against payment: all its legs end together, for they have no state of their own.
create table clearing_settlement (
  deal_id text collate "C" not null,
  -- delivery, or the return of one that was posted
  kind text not null check (kind in ('delivery', 'return')),
  attempt int not null check (attempt > 0),
  cycle text collate "C" not null,
  home text collate "C" not null,
  host text collate "C" not null,
  -- the journaled deal (its certificate, or its reversal)
  message uuid not null references message (id),
  -- end-to-end id under which the home's bank pays
  payout text collate "C" not null unique check (length(payout) <= 35),
  payout_fen bigint not null check (payout_fen > 0),
  state text not null default 'reserved' check (state in ('reserved', 'posted', 'voided')),
  -- the bank's reference, or why it was voided
  reference text,
  reserved_at timestamptz not null,
  ended_at timestamptz,
  primary key (deal_id, kind, attempt),
  check ((state = 'reserved') = (ended_at is null))
);
-- A deal is under way or done once; only what was voided may be tried again.
create unique index clearing_settlement_living on clearing_settlement (deal_id, kind) where state <> 'voided';
create index clearing_settlement_cycle on clearing_settlement (cycle);
create table clearing_leg (
  deal_id text collate "C" not null,
  kind text not null,
  attempt int not null,
  -- title, price, home-fee, host-fee
  leg text not null check (leg in ('title', 'price', 'home-fee', 'host-fee')),
  -- accounts: seller, buyer, custody, `fees:<exchange>`
  payer text not null,
  payee text not null,
  -- fen; null: the title
  fen bigint check (fen > 0),
  primary key (deal_id, kind, attempt, leg),
  foreign key (deal_id, kind, attempt) references clearing_settlement,
  check ((leg = 'title') = (fen is null))
);

-- Conditions of release that no message says: who recorded the intellectual property, and on what evidence.
create table clearing_release (
  deal_id text collate "C" not null,
  condition text not null check (condition in ('ip-recordal')),
  home text collate "C" not null,
  host text collate "C" not null,
  -- number of the registration office, and SHA-256, hex, of its notice
  number text not null check (length(number) between 1 and 64),
  evidence_sha256 text not null check (evidence_sha256 ~ '^[0-9a-f]{64}$'),
  actor text not null,
  at timestamptz not null,
  primary key (deal_id, condition)
);

-- The result of a day in the one form that is signed, and who signed it.
create table clearing_day (
  cycle text collate "C" not null,
  no int not null check (no > 0),
  net text collate "C" not null references clearing_net (id) unique,
  -- canonical JSON (RFC 8785)
  bytes bytea not null,
  sha256 text not null,
  made_at timestamptz not null,
  primary key (cycle, no)
);
create table clearing_day_signature (
  cycle text collate "C" not null,
  no int not null,
  exchange text collate "C" not null,
  -- its JWS, exactly as signed
  jws bytea not null,
  signed_at timestamptz not null,
  primary key (cycle, no, exchange),
  foreign key (cycle, no) references clearing_day
);

-- What ended stays ended, and nothing but how it ended is ever written to it.
create function clearing_ends_once() returns trigger language plpgsql as $$
declare ends constant text[] := array['state', 'reference', 'ended_at'];
begin
  if old.state <> tg_argv[0] then
    raise exception '% has ended as % already', tg_table_name, old.state using errcode = 'check_violation';
  end if;
  if to_jsonb(new) - ends <> to_jsonb(old) - ends then
    raise exception 'of % only its end is written', tg_table_name using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger clearing_instruction_ends before update on clearing_instruction
  for each row execute function clearing_ends_once('instructed');
create trigger clearing_settlement_ends before update on clearing_settlement
  for each row execute function clearing_ends_once('reserved');

-- A net is called off while no money of it has moved, and settled once all of it has.
create function clearing_net_moves() returns trigger language plpgsql as $$
begin
  if new.state <> old.state and not (old.state, new.state) in (
    ('netted', 'superseded'), ('netted', 'instructed'), ('netted', 'aborted'), ('instructed', 'aborted'),
    ('instructed', 'settled'), ('instructed', 'failed')) then
    raise exception 'a net does not go from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  if to_jsonb(new) - 'state' <> to_jsonb(old) - 'state' then
    raise exception 'the figures of a net do not change' using errcode = 'check_violation';
  end if;
  if new.state = 'aborted' and exists (select from clearing_instruction where net = new.id and state = 'settled') then
    raise exception 'money of this net has moved' using errcode = 'check_violation';
  end if;
  if new.state in ('settled', 'failed') and exists (
    select from clearing_instruction where net = new.id and state = 'instructed') then
    raise exception 'an instruction of this net has not ended' using errcode = 'check_violation';
  end if;
  if new.state = 'settled' and exists (select from clearing_instruction where net = new.id and state = 'failed') then
    raise exception 'an instruction of this net has failed' using errcode = 'check_violation';
  end if;
  if new.state = 'instructed' and (select count(*) from clearing_day d join clearing_day_signature using (cycle, no)
                                    where d.net = new.id) < 3 then
    raise exception 'not all three exchanges have signed this day' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger clearing_net_moves before update on clearing_net for each row execute function clearing_net_moves();

create function clearing_stays() returns trigger language plpgsql as $$
begin
  raise exception 'nothing is deleted from %', tg_table_name;
end $$;
do $$
declare t text;
begin
  foreach t in array array['clearing_net', 'clearing_instruction', 'clearing_settlement'] loop
    execute format('revoke delete, truncate on %I from qiao_gateway', t);
    execute format('create trigger %I before delete on %I for each row execute function clearing_stays()', t || '_stays', t);
  end loop;
  foreach t in array array['clearing_net_entry', 'clearing_hold', 'clearing_instruction_file', 'clearing_status_file',
    'clearing_status', 'clearing_leg', 'clearing_release', 'clearing_day', 'clearing_day_signature'] loop
    perform append_only(t);
  end loop;
end $$;

-- An exchange sees the net and the day, and of the rest what it is a party to.
select show_rows(seen, rule) from (values
  ('clearing_due',              '(select viewer()) in (home, host)'),
  ('clearing_net',              '(select viewer()) <> '''''),
  ('clearing_obligation',       '(select viewer()) in (debtor, creditor)'),
  ('clearing_net_entry',        '(select viewer()) in (debtor, creditor)'),
  ('clearing_hold',             '(select viewer()) in (home, host)'),
  ('clearing_instruction',      '(select viewer()) in (payer, payee)'),
  ('clearing_instruction_file', '(select viewer()) = payer'),
  ('clearing_status_file',      'false'),
  ('clearing_status',           'exists (select from clearing_instruction i where i.id = names)
                                   or exists (select from clearing_settlement s where s.payout = names)'),
  ('clearing_settlement',       '(select viewer()) in (home, host)'),
  ('clearing_leg',              'exists (select from clearing_settlement s where s.deal_id = clearing_leg.deal_id)'),
  ('clearing_release',          '(select viewer()) in (home, host)'),
  ('clearing_day',              '(select viewer()) <> '''''),
  ('clearing_day_signature',    '(select viewer()) <> ''''')
) as t(seen, rule);
