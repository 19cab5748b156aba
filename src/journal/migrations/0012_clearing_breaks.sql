-- What becomes of a break, and who did it. The tables refuse what the life cycle forbids, whoever asks.

-- The life cycle: which act leads from where to where, and whose it is (src/clearing/break-states.ts says the same).
create table clearing_transition (
  act text not null,
  from_state text not null,
  to_state text not null,
  -- a role of src/access, or engine
  role text not null,
  primary key (act, from_state, to_state, role)
);
insert into clearing_transition (act, from_state, to_state, role)
select act, f, coalesce(to_state, f), r
  from (values
    ('detect',   '{none}',                                                           'detected',    '{engine}'),
    ('expect',   '{detected}',                                                       'expected',    '{engine}'),
    ('open',     '{detected,expected}',                                              'open',        '{engine}'),
    ('take',     '{open,returned,reopened}',                                         'working',     '{maker}'),
    ('assign',   '{expected,open,working,returned,disputed,suspended,reopened}',     null,          '{maker,supervisor}'),
    ('propose',  '{open,working,returned,reopened,suspended,posted,verified,written-off,closed}', 'proposed', '{maker}'),
    ('withdraw', '{proposed}',                                                       'returned',    '{maker}'),
    ('return',   '{proposed,approved}',                                              'returned',    '{checker,supervisor,engine}'),
    -- the first of two approvals
    ('approve',  '{proposed}',                                                       'proposed',    '{checker,supervisor}'),
    ('approve',  '{proposed}',                                                       'approved',    '{checker,supervisor}'),
    ('post',     '{approved}',                                                       'posted',      '{maker,checker,supervisor}'),
    ('post',     '{approved}',                                                       'suspended',   '{maker,checker,supervisor}'),
    ('post',     '{approved}',                                                       'written-off', '{maker,checker,supervisor}'),
    ('post',     '{approved}',                                                       'reopened',    '{maker,checker,supervisor}'),
    ('verify',   '{posted,returned}',                                                'verified',    '{engine}'),
    ('close',    '{verified,written-off}',                                           'closed',      '{engine}'),
    -- 自动消除: the books agree now, nothing was posted
    ('clear',    '{expected,open,working,proposed,approved,returned,disputed,suspended,reopened}', 'closed', '{engine}'),
    ('dispute',  '{open,working,returned,reopened}',                                 'disputed',    '{maker,integrator}'),
    ('answer',   '{disputed}',                                                       'working',     '{integrator}'),
    ('reopen',   '{closed}',                                                         'reopened',    '{maker,supervisor}'),
    ('relapse',  '{posted,verified,written-off,closed,suspended}',                   'reopened',    '{engine}'),
    -- another amount, another field, a later day
    ('update',   '{expected,open,working,proposed,approved,returned,disputed,suspended,reopened,posted,verified,written-off,closed}', null, '{engine}'),
    ('escalate', '{expected,open,working,proposed,approved,returned,disputed,suspended,reopened}', null, '{engine}')
  ) as cycle(act, from_states, to_state, roles),
  lateral unnest(from_states::text[]) as f, lateral unnest(roles::text[]) as r;
revoke insert, update, delete on clearing_transition from qiao_gateway;

create table clearing_break (
  -- codes.ts breakId
  id text collate "C" primary key,
  -- the business day whose comparison found it first, and the last one that found it
  cycle text collate "C" not null,
  last_cycle text collate "C" not null,
  -- the last comparison that found it as it is here; its fields and columns stand in clearing_found
  run uuid not null references clearing_run (id),
  deal_id text collate "C" not null,
  code text collate "C" not null,
  codes text[] not null,
  side text collate "C",
  home text collate "C" not null,
  host text collate "C" not null,
  severity text not null check (severity in ('S1', 'S2', 'S3', 'S4')),
  -- book minus journal; null: no amount differs
  delta_fen bigint,
  value_fen bigint not null,
  -- by how much the home's and the host's books are above the journal for this break's sake, a missing row being zero
  home_gap_fen bigint not null,
  host_gap_fen bigint not null,
  business_date date not null,
  blame text,
  -- whether the last comparison found it, and SHA-256 of what it found
  is_found boolean not null,
  finding_sha256 text not null,
  state text not null,
  version int not null,
  -- from here it ages, whatever is done with it
  first_seen date not null,
  due date not null,
  -- 0: the desk; 1: the supervisor; 2: the exchanges
  escalation int not null check (escalation between 0 and 2),
  assignee text,
  -- the proposal under way or last posted, and who stands behind it
  proposal bigint,
  maker text,
  proposal_sha256 text,
  checker text,
  -- the finding that what was posted settles
  covered_sha256 text,
  closed_as text check (closed_as in ('cleared', 'resolved', 'written-off')),
  changed_at timestamptz not null,
  check (maker <> checker),
  check ((state = 'closed') = (closed_as is not null)),
  check (num_nulls(proposal, maker, proposal_sha256) in (0, 3)),
  check (state not in ('proposed', 'approved', 'posted') or proposal is not null),
  check (state not in ('approved', 'posted') or checker is not null),
  -- no break is done with while the books still differ in a way that nothing settles
  check (state not in ('verified', 'closed') or not is_found or covered_sha256 is not distinct from finding_sha256)
);
create index clearing_break_desk on clearing_break (state, severity, first_seen, id);
create index clearing_break_cycle on clearing_break (last_cycle, id);
create index clearing_break_deal on clearing_break (deal_id);

-- Every act: one that moves a break has its version; a comment or an attachment leaves it where it is.
create table clearing_act (
  no bigint generated always as identity primary key,
  break_id text collate "C" not null references clearing_break (id) deferrable initially deferred,
  version int check (version > 0),
  act text not null,
  from_state text,
  to_state text,
  role text not null,
  actor text not null,
  reason text,
  note text,
  detail json not null default '{}',
  -- acts of one request
  deed uuid not null,
  at timestamptz not null,
  unique (break_id, version),
  foreign key (act, from_state, to_state, role) references clearing_transition (act, from_state, to_state, role),
  check (num_nulls(version, from_state, to_state) in (0, 3)),
  check ((version is null) = (act in ('comment', 'attach')))
);
create index clearing_act_break on clearing_act (break_id, no);
select append_only('clearing_act');

create table clearing_attachment (
  sha256 text primary key,
  name text not null,
  media_type text not null,
  bytes bytea not null,
  -- who brought it first
  brought_by text not null,
  at timestamptz not null,
  check (sha256 = encode(sha256(bytes), 'hex'))
);
select append_only('clearing_attachment');

-- What a maker signed for: these bytes (RFC 8785 JSON) and no others.
create table clearing_proposal (
  no bigint generated always as identity primary key,
  break_id text collate "C" not null references clearing_break (id),
  -- of the break when it was made
  version int not null,
  action text not null check (action in ('supplement', 'adjust', 'reverse', 'refund', 'claim', 'suspend', 'write-off',
    'by-home', 'by-host', 'by-gateway')),
  reason text not null check (reason <> ''),
  -- `attachment:<sha256>` or `message:<id>`
  evidence text[] not null check (cardinality(evidence) > 0),
  -- what is moved, and from what amount on two must approve
  amount_fen numeric not null check (amount_fen >= 0),
  threshold_fen bigint not null,
  needed int not null check (needed = case when action = 'write-off' or amount_fen >= threshold_fen then 2 else 1 end),
  bytes bytea not null,
  sha256 text not null check (sha256 = encode(sha256(bytes), 'hex')),
  maker text not null,
  at timestamptz not null,
  unique (no, maker, sha256)
);
create index clearing_proposal_break on clearing_proposal (break_id, no);
select append_only('clearing_proposal');
alter table clearing_break add foreign key (proposal, maker, proposal_sha256)
  references clearing_proposal (no, maker, sha256);

-- Who approved: exactly that digest of that maker, never the maker, never the same person twice.
create table clearing_approval (
  proposal bigint not null,
  sha256 text not null,
  maker text not null,
  checker text not null,
  place int not null check (place in (1, 2)),
  at timestamptz not null,
  primary key (proposal, place),
  unique (proposal, checker),
  foreign key (proposal, maker, sha256) references clearing_proposal (no, maker, sha256),
  constraint clearing_four_eyes check (maker <> checker)
);
select append_only('clearing_approval');
alter table clearing_break add foreign key (proposal, checker) references clearing_approval (proposal, checker);

create function sums_to_zero(amounts bigint[]) returns boolean language sql immutable parallel safe as $$
  select coalesce(sum(a), 0) = 0 from unnest(amounts) as a
$$;
-- What is booked: double entry, positive is debit. Never changed; what was wrong is reversed, line by line (红冲).
-- Accounts: book/<side> (side: an exchange or journal), difference/<side>, suspense/<side>, loss/<side>,
-- payable/<side>, receivable/<side>.
create table clearing_adjustment (
  no bigint generated always as identity primary key,
  break_id text collate "C" not null references clearing_break (id),
  proposal bigint not null references clearing_proposal (no),
  reverses bigint unique references clearing_adjustment (no),
  accounts text[] not null,
  amounts_fen bigint[] not null,
  posted_by text not null,
  at timestamptz not null,
  check (cardinality(accounts) = cardinality(amounts_fen)),
  check (array_position(accounts, null) is null and array_position(amounts_fen, null) is null),
  check (0 <> all (amounts_fen)),
  check (sums_to_zero(amounts_fen))
);
create unique index clearing_adjustment_once on clearing_adjustment (proposal) where reverses is null;
create unique index clearing_adjustment_reversed_once on clearing_adjustment (proposal) where reverses is not null;
create index clearing_adjustment_break on clearing_adjustment (break_id);
select append_only('clearing_adjustment');
create view clearing_entry as
  select a.no as adjustment, a.break_id, a.proposal, a.reverses, e.line, e.account, e.amount_fen, a.at
    from clearing_adjustment a,
         lateral unnest(a.accounts, a.amounts_fen) with ordinality as e(account, amount_fen, line);
revoke insert, update, delete on clearing_entry from qiao_gateway;

-- 查询/查复, 请款, 再请款, 贷记调整: what one exchange asks another, each a signed message of the journal.
create table clearing_query (
  message uuid primary key references message (id),
  break_id text collate "C" not null references clearing_break (id),
  asks text not null check (asks in ('inquiry', 'claim', 're-claim', 'credit-adjustment')),
  asker text not null,
  addressee text not null,
  amount_fen bigint check (amount_fen > 0),
  -- the refused claim that is claimed again, once
  about uuid unique references clearing_query (message),
  answer_by date not null,
  asked_at timestamptz not null,
  check (asker <> addressee),
  check ((asks = 're-claim') = (about is not null)),
  check ((asks = 'inquiry') = (amount_fen is null))
);
create index clearing_query_break on clearing_query (break_id);
select append_only('clearing_query');
create table clearing_answer (
  message uuid primary key references message (id),
  -- answered once
  query uuid not null unique references clearing_query (message),
  verdict text not null check (verdict in ('replied', 'accepted', 'refused')),
  amount_fen bigint check (amount_fen > 0),
  answered_at timestamptz not null
);
select append_only('clearing_answer');

-- What somebody of a certain role did, follows from what was done before.
create function clearing_act_follows() returns trigger language plpgsql as $$
begin
  if new.version is not null and new.version > 1 and not exists (
       select from clearing_act where break_id = new.break_id and version = new.version - 1 and to_state = new.from_state)
     or new.version = 1 and new.from_state <> 'none' or new.version > 1 and new.from_state = 'none' then
    raise exception 'break %: % from % as version % does not follow', new.break_id, new.act, new.from_state, new.version;
  end if;
  return null;
end $$;
create trigger clearing_act_follows after insert on clearing_act for each row execute function clearing_act_follows();
-- And is seen in the break when the transaction ends.
create function clearing_act_counts() returns trigger language plpgsql as $$
begin
  if not exists (select from clearing_break where id = new.break_id and version >= new.version) then
    raise exception 'break %: % did not reach it', new.break_id, new.act;
  end if;
  return null;
end $$;
create constraint trigger clearing_act_counts after insert on clearing_act deferrable initially deferred
  for each row when (new.version is not null) execute function clearing_act_counts();

create function approvals_of(wanted bigint) returns bigint language sql stable as $$
  select count(*) from clearing_approval where proposal = wanted
$$;

-- What is still missing in a book after everything booked for this break; and what lies in suspense.
create function clearing_residual(break text, side text, gap bigint) returns numeric language sql stable as $$
  select gap + coalesce(sum(case account when 'book/' || side then amount_fen when 'book/journal' then -amount_fen end), 0)
    from clearing_entry where break_id = break
$$;
create function clearing_suspense(break text) returns numeric language sql stable as $$
  select coalesce(sum(abs(sum)), 0) from (select sum(amount_fen) from clearing_entry
    where break_id = break and account like 'suspense/%' group by account) as by_account
$$;

create function clearing_break_moves() returns trigger language plpgsql as $$
declare p clearing_proposal;
begin
  if tg_op = 'DELETE' then raise exception 'break %: a break stays', old.id; end if;
  if not exists (select from clearing_act where break_id = new.id and version = new.version and to_state = new.state) then
    raise exception 'break %: nobody''s act leads to % as version %', new.id, new.state, new.version;
  end if;
  if tg_op = 'UPDATE' then
    if new.version <= old.version then
      raise exception 'break %: version % does not follow %', new.id, new.version, old.version;
    end if;
    if (new.id, new.cycle, new.deal_id, new.code, new.side, new.home, new.host, new.first_seen)
       is distinct from (old.id, old.cycle, old.deal_id, old.code, old.side, old.home, old.host, old.first_seen) then
      raise exception 'break %: what it is and since when does not change', new.id;
    end if;
    if new.severity > old.severity or new.escalation < old.escalation or new.due > old.due then
      raise exception 'break %: it becomes no less urgent', new.id;
    end if;
    if new.finding_sha256 <> old.finding_sha256 and new.state in ('proposed', 'approved') then
      raise exception 'break %: what was proposed was about something else', new.id;
    end if;
    if new.state is distinct from old.state and new.proposal is not null then
      select * into strict p from clearing_proposal where no = new.proposal;
      if p.break_id <> new.id then raise exception 'break %: proposal % is of another', new.id, p.no; end if;
      if new.state = 'proposed' and old.state in ('posted', 'verified', 'written-off', 'closed') and p.action <> 'reverse' then
        raise exception 'break %: what is done can only be reversed', new.id;
      end if;
      if new.state in ('approved', 'posted', 'suspended', 'written-off') and approvals_of(p.no) < p.needed then
        raise exception 'break %: % approvals of proposal % are needed', new.id, p.needed, p.no;
      end if;
      if old.state = 'approved' and new.state in ('posted', 'suspended', 'written-off', 'reopened') and
         (new.state <> case p.action when 'suspend' then 'suspended' when 'write-off' then 'written-off'
                                     when 'reverse' then 'reopened' else 'posted' end
          or not exists (select from clearing_adjustment where proposal = p.no)) then
        raise exception 'break %: proposal % is not posted as %', new.id, p.no, new.state;
      end if;
    end if;
    -- Most were never booked for: then the books alone decide.
    if new.state in ('verified', 'closed') and
       (case when exists (select from clearing_adjustment where break_id = new.id)
         then clearing_residual(new.id, new.home, new.home_gap_fen) <> 0
              or clearing_residual(new.id, new.host, new.host_gap_fen) <> 0 or clearing_suspense(new.id) <> 0
         else new.home_gap_fen <> 0 or new.host_gap_fen <> 0 end) then
      raise exception 'break %: it does not come to zero', new.id;
    end if;
  end if;
  return null;
end $$;
-- After the row: an act of the same statement, and the checks of the columns, come first.
create trigger clearing_break_moves after insert or update or delete on clearing_break
  for each row execute function clearing_break_moves();
revoke delete, truncate on clearing_break from qiao_gateway;

create function clearing_adjustment_stands() returns trigger language plpgsql as $$
declare
  p clearing_proposal;
  was clearing_adjustment;
begin
  select * into strict p from clearing_proposal where no = new.proposal;
  if new.reverses is not null then
    select * into strict was from clearing_adjustment where no = new.reverses;
    if was.break_id <> new.break_id or was.reverses is not null or was.accounts <> new.accounts
       or was.amounts_fen <> (select coalesce(array_agg(-a order by i), '{}')
                                from unnest(new.amounts_fen) with ordinality as u(a, i)) then
      raise exception 'adjustment % is not reversed line by line', new.reverses;
    end if;
  elsif exists (select from clearing_adjustment a where a.break_id = new.break_id and a.reverses is null and a.no <> new.no
                  and not exists (select from clearing_adjustment r where r.reverses = a.no)) then
    raise exception 'break %: what stands is reversed before something new is booked', new.break_id;
  end if;
  -- An approval is for now: what was approved once and returned is not booked later.
  if approvals_of(p.no) < p.needed
     or not exists (select from clearing_break where id = new.break_id and proposal = p.no and state = 'approved') then
    raise exception 'proposal % is not approved for break %', p.no, new.break_id;
  end if;
  return null;
end $$;
create trigger clearing_adjustment_stands after insert on clearing_adjustment
  for each row execute function clearing_adjustment_stands();

create function clearing_approval_stands() returns trigger language plpgsql as $$
begin
  if not exists (select from clearing_break where proposal = new.proposal and state = 'proposed') then
    raise exception 'proposal % does not wait for approval', new.proposal;
  end if;
  return null;
end $$;
create index clearing_break_proposal on clearing_break (proposal);
create trigger clearing_approval_stands after insert on clearing_approval
  for each row execute function clearing_approval_stands();

-- What a viewer sees of a table: every row, or those for which `rule` holds. The gateway writes to all of them.
create function show_rows(seen text, rule text) returns void language plpgsql as $$
begin
  execute format('alter table %I enable row level security', seen);
  execute format('create policy writes on %I to qiao_gateway using (true) with check (true)', seen);
  execute format('create policy reads on %I for select to qiao_reader using ((select viewer()) = ''*'' or %s)', seen, rule);
  execute format('grant select on %I to qiao_reader', seen);
end $$;
revoke execute on function show_rows(text, text) from public;

-- An exchange sees the breaks of its own deals, what was booked for them and what was asked; not the desk's own talk.
select show_rows(seen, rule) from (values
  ('clearing_break',      '(select viewer()) in (home, host)'),
  ('clearing_adjustment', 'exists (select from clearing_break b where b.id = break_id)'),
  ('clearing_query',      'exists (select from clearing_break b where b.id = break_id)'),
  ('clearing_answer',     'exists (select from clearing_query q where q.message = query)'),
  ('clearing_act',        'false'),
  ('clearing_proposal',   'false'),
  ('clearing_approval',   'false'),
  ('clearing_attachment', 'false')
) as t(seen, rule);
