-- What comparing the three books found: only what is not equal is written row by row; of the rest counts and digests.

create table clearing_run (
  id uuid primary key,
  -- the business day, `2026-03-02`, and which comparison of it this is
  cycle text collate "C" not null,
  version int not null check (version > 0),
  -- SHA-256, hex, of the codes and tolerances it was compared by
  rules_sha256 text not null,
  -- SHA-256, hex, of everything found, counts and digests included: the same books and rules give the same
  result_sha256 text,
  -- rows and sums by side and outcome (matched, tolerated, in-flight, break), breaks by code
  counts json,
  started_at timestamptz not null,
  finished_at timestamptz
);
create index clearing_run_cycle on clearing_run (cycle, version desc, started_at desc);

create table clearing_found (
  run uuid not null references clearing_run (id),
  -- codes.ts breakId: the same in every run
  break_id text collate "C" not null,
  deal_id text collate "C" not null,
  -- the first failing code in the order of evaluation; codes: all of them
  code text collate "C" not null,
  codes text[] not null,
  -- what becomes of it: only a break needs people
  outcome text not null check (outcome in ('break', 'tolerated', 'in-flight')),
  -- the exchange whose book deviates; null where the code concerns no single one
  side text collate "C",
  home text collate "C" not null,
  host text collate "C" not null,
  severity text not null check (severity in ('S1', 'S2', 'S3', 'S4')),
  -- book minus journal, in fen; null: no amount differs
  delta_fen bigint,
  -- the larger price of those seen, in fen: what hangs on it
  value_fen bigint not null,
  business_date date not null,
  -- every field that differs: [{ field, code, book, journal }]
  fields json not null,
  -- the three columns: { a, g, b }, each null or { state, buyer, seller, price, fee, businessDate, nativeNumber, line }
  seen json not null,
  -- whose fault it looks like: an exchange, `both` or `gateway`; a hint, never a decision
  blame text,
  -- ranked, at most three; never confirmed by themselves: [{ kind, rank, ambiguous, deals, reasons }]
  suggestions json not null default '[]',
  primary key (run, break_id)
);
create index clearing_found_deal on clearing_found (run, deal_id);

-- An exchange sees what concerns its own deals, and of the other's column only that deal.
do $$
declare
  seen constant text[][] := array[
    ['clearing_run',   'true'],
    ['clearing_found', '(select viewer()) in (home, host)']
  ];
  t text[];
begin
  foreach t slice 1 in array seen loop
    execute format('alter table %I enable row level security', t[1]);
    execute format('create policy writes on %I to qiao_gateway using (true) with check (true)', t[1]);
    execute format('create policy reads on %I for select to qiao_reader using ((select viewer()) = ''*'' or %s)', t[1], t[2]);
    execute format('grant select on %I to qiao_reader', t[1]);
  end loop;
end $$;
