-- A comparison in parts, wherever each is done; and what only some books say of a deal.

-- What a book says beyond the others: { currency, quantity, taxFen }, each only where it is said and is not as every deal
-- has it (CNY, one). Native books say none of it: null costs them nothing.
alter table clearing_row add column further json;
create or replace view clearing_row_seen with (security_barrier) as
  select * from clearing_row
   where (select viewer()) = '*' or side = (select viewer())
      or (side = 'journal' and (select viewer()) in (home, host));

-- The rules a run compares by, for whoever does a part of it: [{ pair, currency, absoluteFen, bps, provenance, note }]
alter table clearing_run add column tolerances json not null default '[]';

-- One partition of a run that has been compared. It stands in the same transaction as its findings: done twice, it is
-- kept once.
create table clearing_part (
  run uuid not null references clearing_run (id),
  partition int not null check (partition between 0 and 15),
  -- rows and sums by side and fate
  tally json not null,
  -- the deals on which all agree, by pair: counts, sums, digests
  equal json not null,
  primary key (run, partition)
);
select append_only('clearing_part');
-- Its sums are of all three books.
select show_rows('clearing_part', 'false');
