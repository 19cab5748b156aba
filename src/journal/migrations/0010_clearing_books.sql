-- The books that clearing compares: the exchanges' statements as they came, and the journal cut at a sequence number.

create table clearing_book (
  id uuid primary key,
  -- the business day that is closed, `2026-03-02`
  cycle text not null,
  -- ctex, stex, szse or journal
  side text not null,
  -- the business day the book itself names; null, as its other statements, where it could not be read
  date date,
  batch int check (batch > 0),
  state text not null check (state in ('loaded', 'refused', 'superseded')),
  -- where it came from: a file's name, `link`, `journal`
  source text not null,
  -- SHA-256 of its exact bytes, hex; of the journal its cut: `no <= 4711`
  digest text not null,
  opening_count bigint,
  row_count bigint,
  total_price_fen numeric,
  total_fee_fen numeric,
  quarantined int not null default 0,
  -- why it was refused: [{ control, zh, en, stated, found }]
  refusals json not null default '[]',
  -- the journaled statement, with the bytes
  message uuid references message (id),
  loaded_at timestamptz not null,
  check (state = 'refused' or num_nulls(date, batch, opening_count, row_count, total_price_fen, total_fee_fen) = 0)
);
-- One book of each side stands; the same bytes are taken once; a batch number means one content.
create unique index clearing_book_standing on clearing_book (cycle, side) where state = 'loaded';
create unique index clearing_book_digest on clearing_book (cycle, side, digest) where state <> 'refused' and side <> 'journal';
create unique index clearing_book_batch on clearing_book (cycle, side, batch) where state <> 'refused' and side <> 'journal';
create index clearing_book_before on clearing_book (side, date desc) where state = 'loaded';

-- The rows, one a deal and book. Unlogged: after a crash they are loaded again from what the journal keeps.
-- Text compares byte by byte ("C"), here as in the program and on every machine.
create table clearing_row (
  cycle text collate "C" not null,
  cycle_version int not null,
  side text collate "C" not null,
  deal_id text collate "C" not null,
  ordinal int not null,
  home text collate "C" not null,
  host text collate "C" not null,
  -- home or host; null in the journal
  role text collate "C",
  state text collate "C" not null,
  buyer text collate "C" not null,
  seller text collate "C" not null,
  price_fen bigint not null,
  fee_fen bigint not null,
  -- of the journal's rows only
  home_fee_fen bigint,
  host_fee_fen bigint,
  business_date date not null,
  in_flight boolean not null,
  listing text collate "C",
  native_number text collate "C" not null,
  line int not null,
  book uuid not null
) partition by hash (deal_id);

do $$
begin
  for i in 0..15 loop
    -- Analysed when loaded (below): the server doing so by itself would be in the way. Dead rows it still sweeps.
    execute format('create unlogged table clearing_row_%s partition of clearing_row for values with (modulus 16, remainder %s)
      with (autovacuum_analyze_threshold = 2147483647, autovacuum_vacuum_insert_threshold = -1)', i, i);
  end loop;
end $$;
-- Statistics right after loading: autovacuum would come too late for the match. The gateway's role owns no table.
-- Of what joins look at only, and from small samples: the books are large and alike.
create function analyze_clearing_rows() returns void language plpgsql security definer
  set search_path from current set default_statistics_target = 10 as $$
begin
  analyze clearing_row (cycle, cycle_version, side, role, deal_id, ordinal);
end $$;
-- The deal first: entries of one book differ in their first column, which makes loading quick.
create unique index clearing_row_key on clearing_row (deal_id, side, ordinal, cycle, cycle_version);

-- What could not be read of a book, kept as it was written.
create table clearing_quarantine (
  book uuid not null references clearing_book (id),
  line int not null,
  bytes bytea not null,
  -- [{ code, pointer, zh, en }]
  refusals json not null,
  primary key (book, line)
);
select append_only('clearing_quarantine');

-- An exchange sees its own books.
do $$
declare
  seen constant text[][] := array[
    ['clearing_book',       'side = (select viewer())'],
    ['clearing_quarantine', 'exists (select from clearing_book b where b.id = book)']
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
-- Of the rows it sees those of its own deals that it or the journal states. A view, for COPY takes no row-level policy.
create view clearing_row_seen with (security_barrier) as
  select * from clearing_row
   where (select viewer()) = '*' or side = (select viewer())
      or (side = 'journal' and (select viewer()) in (home, host));
revoke insert, update, delete on clearing_row_seen from qiao_gateway;
grant select on clearing_row_seen to qiao_reader;

-- Where the journal is cut: waits for the transactions that write to it and so for every number given out so far. Then no
-- row at or below it can still appear, and the same cut gives the same rows for ever.
create function journal_cut() returns bigint language plpgsql security definer set search_path from current as $$
begin
  lock table message in share mode;
  return (select coalesce(max(no), 0) from message);
end $$;
