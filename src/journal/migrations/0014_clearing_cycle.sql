-- The close of a business day: how far it is, what is in its way, who did what, and what is told while it goes on.

create table clearing_cycle (
  -- the business day, `2026-03-02`
  cycle text collate "C" primary key check (cycle ~ '^\d{4}-\d\d-\d\d$'),
  -- counts comparisons: a book that comes later begins the next
  version int not null default 1 check (version > 0),
  state text not null check (state in
    ('open', 'cut', 'loaded', 'reconciled', 'held', 'netted', 'confirmed', 'instructed', 'settled', 'failed', 'closed')),
  -- where the journal is cut: its last number within the day
  cut bigint check (cut >= 0),
  -- the comparison that counts
  run uuid references clearing_run (id),
  -- what is in the way of the next step: [{ code, exchange, stops, zh, en }]
  blocked json not null default '[]',
  opened_at timestamptz not null,
  changed_at timestamptz not null,
  check (state = 'open' or cut is not null),
  check (state in ('open', 'cut', 'loaded') or run is not null)
);

-- One step after the other; back only to compare again, and never once money has been instructed.
create function clearing_cycle_moves() returns trigger language plpgsql as $$
begin
  if new.cycle <> old.cycle or new.version < old.version then
    raise exception 'a cycle keeps its day, and its version only rises' using errcode = 'check_violation';
  end if;
  if new.state <> old.state and not (old.state, new.state) in (
    ('open', 'cut'), ('cut', 'loaded'), ('loaded', 'reconciled'), ('reconciled', 'held'), ('held', 'netted'),
    ('netted', 'confirmed'), ('confirmed', 'instructed'), ('instructed', 'settled'), ('instructed', 'failed'),
    ('settled', 'closed'), ('failed', 'closed'),
    ('loaded', 'cut'), ('reconciled', 'cut'), ('held', 'cut'), ('netted', 'cut')) then
    raise exception 'a cycle does not go from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger clearing_cycle_moves before update on clearing_cycle for each row execute function clearing_cycle_moves();

-- Every step that was taken, by whom: the checklist of the day is read from here.
create table clearing_step (
  no bigint generated always as identity primary key,
  cycle text collate "C" not null references clearing_cycle (cycle),
  version int not null,
  -- the state reached
  state text not null,
  actor text not null,
  role text not null,
  -- counts and digests of what the step came to
  detail json not null,
  at timestamptz not null
);
create index clearing_step_cycle on clearing_step (cycle, no);
select append_only('clearing_step');

-- What is told to whoever watches. Written one transaction after the other (an advisory lock), so that the numbers rise in
-- the order in which they can be seen: who has seen one has missed none before it. Old ones are dropped.
create table clearing_event (
  no bigint generated always as identity primary key,
  cycle text collate "C" not null,
  -- state, blocked, progress, book, break, settlement
  kind text not null,
  -- the exchanges it concerns; null: everyone
  seen_by text[],
  detail json not null,
  at timestamptz not null
);
create index clearing_event_at on clearing_event (at);

select show_rows(seen, rule) from (values
  ('clearing_cycle', '(select viewer()) <> '''''),
  ('clearing_step',  '(select viewer()) <> '''''),
  ('clearing_event', '(seen_by is null and (select viewer()) <> '''') or (select viewer()) = any (seen_by)')
) as t(seen, rule);
