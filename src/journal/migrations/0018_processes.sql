-- Several gateways on one database.

-- Which of them holds the line to an exchange that allows one. `token` grows with every change of hands: whoever shows an
-- older one is refused (link-memory.ts), however long it slept. Times are this server's, so that no gateway's clock counts.
create table link_owner (
  exchange text primary key,
  holder text not null,
  token bigint not null,
  until timestamptz not null
) with (fillfactor = 50);

-- A dead letter goes out again when one person proposes it and another agrees; kept for ever.
create table redrive (
  no bigint generated always as identity primary key,
  delivery bigint not null references delivery (no),
  proposed_by text not null,
  proposed_at timestamptz not null,
  approved_by text,
  approved_at timestamptz,
  check ((approved_by is null) = (approved_at is null)),
  constraint redrive_four_eyes check (approved_by <> proposed_by)
);
create unique index redrive_open on redrive (delivery) where approved_by is null;
revoke delete, truncate on redrive from qiao_gateway;

select show_rows('redrive', 'false');
