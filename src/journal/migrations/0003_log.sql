-- The Merkle log over everything that may never be rewritten, and the role the gateway works under.

-- Roles belong to the whole server, not to one database. Where the owner of the tables may not make roles, somebody
-- who may does so beforehand: create role qiao_gateway nologin; create role qiao_reader nologin; and grants both to
-- the login in DATABASE_URL.
--   qiao_gateway  the relay's writer: reads everything, appends to the journal, never rewrites or removes from it.
--                 A table with row-level security needs a policy that lets it see and write every row.
--   qiao_reader   reads for people: granted nothing here; what it may see is said row by row (0006).
do $$
declare name text;
begin
  foreach name in array array['qiao_gateway', 'qiao_reader'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I nologin', name);
      exception when duplicate_object or unique_violation then
        null; -- another database of this server was set up at the same moment
      end;
    end if;
    if not pg_has_role(current_user, name, 'member') then
      execute format('grant %I to %I', name, current_user);
    end if;
  end loop;
  execute format('grant usage on schema %I to qiao_gateway', current_schema());
  execute format('grant select, insert, update, delete on all tables in schema %I to qiao_gateway', current_schema());
  -- Tables of later migrations: the journal's own among them take back what is too much, see append_only().
  execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to qiao_gateway',
    current_schema());
  execute format('revoke insert, update, delete on %I.migrations from qiao_gateway', current_schema());
end $$;

-- Makes a table append-only: for qiao_gateway by privilege, for everybody else by trigger.
create function append_only(target regclass) returns void language plpgsql as $$
declare name text := (select relname from pg_class where oid = target);
begin
  execute format('revoke update, delete, truncate on %s from qiao_gateway', target);
  if not exists (select from pg_trigger where tgrelid = target and tgname = name || '_append_only') then
    execute format('create trigger %I before update or delete on %s for each row execute function refuse_rewrite()',
      name || '_append_only', target);
  end if;
  execute format('create trigger %I before truncate on %s for each statement execute function refuse_rewrite()',
    name || '_no_truncate', target);
end $$;

-- Rows that have no leaf yet. Emptied by the sequencer, in the order in which they were wanted.
create table leaf_waiting (
  wanted bigint generated always as identity primary key,
  source text not null,
  no bigint not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_analyze_threshold = 2000);

-- For each statement that inserts: its rows want a leaf. It is the same transaction, so none is forgotten and none made up.
create function leaf_wanted() returns trigger language plpgsql as $$
begin
  insert into leaf_waiting (source, no) select tg_table_name, no from added order by no;
  return null;
end $$;

-- Puts a table into the log: it becomes append-only, and every row of it, those already there too, gets a leaf.
-- Before that the table `x` needs a column `no` (identity) and a view `leaf_x`, which says what its leaf is made of:
--   no bigint, stream text (null: none), seq bigint (null: none), sender text, at timestamptz,
--   bytes bytea (exactly as signed), beside bytea (parts_digest of what is kept beside the bytes; null: nothing is)
create function keep_in_log(source regclass) returns void language plpgsql as $$
declare name text := (select relname from pg_class where oid = source);
begin
  execute format('select no, stream, seq, sender, at, bytes, beside from %I limit 0', 'leaf_' || name);
  -- A view changes its table with the rights of who made it.
  execute format('revoke insert, update, delete on %I from qiao_gateway', 'leaf_' || name);
  perform append_only(source);
  execute format('create trigger %I after insert on %s referencing new table as added '
    'for each statement execute function leaf_wanted()', name || '_leaf', source);
  execute format('insert into leaf_waiting (source, no) select %L, no from %s order by no', name, source);
end $$;

-- SHA-256 over parts, each preceded by its length in four bytes (most significant first); FF FF FF FF: absent.
create function parts_digest(variadic parts bytea[]) returns bytea language plpgsql immutable parallel safe as $$
declare
  part bytea;
  whole bytea := '';
begin
  foreach part in array parts loop
    whole := whole || int4send(coalesce(octet_length(part), -1)) || coalesce(part, '');
  end loop;
  return sha256(whole);
end $$;

-- Every column of `message` is in its leaf: those of the record itself, the envelope, and the rest as parts.
create view leaf_message as
  select no, stream, seq, issuer as sender, recorded_at as at, envelope as bytes,
         parts_digest(convert_to(id::text, 'UTF8'), convert_to(kind, 'UTF8'), convert_to(subject, 'UTF8'),
                      native, convert_to(proof, 'UTF8'), received) as beside
    from message;

select keep_in_log('message');

-- The leaves, in the order of the log, from 0. `hash` is SHA-256 of 00 and the leaf (RFC 6962, 2.1).
create table journal_leaf (
  idx bigint primary key,
  leaf bytea not null,
  hash bytea not null,
  source text not null,
  no bigint not null,
  unique (source, no)
);
-- Complete subtrees: `idx` counts those of 2^level leaves, level 1 and above. The right edge is made up when it is read.
create table journal_node (
  level smallint not null,
  idx bigint not null,
  hash bytea not null,
  primary key (level, idx)
);
select append_only('journal_leaf');
select append_only('journal_node');

-- The head: one row, locked while a batch is appended, so that several gateways take turns.
create table journal_head (
  one boolean primary key default true check (one),
  size bigint not null,
  root bytea not null,
  -- hashes of the complete subtrees that make up the tree, largest first, one after the other
  peaks bytea not null,
  at timestamptz
) with (fillfactor = 50);
insert into journal_head (size, root, peaks) values (0, sha256(''), '');
create function refuse_shrinking() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.size <= old.size then
    raise exception 'the log only grows: % of its head refused', tg_op;
  end if;
  return new;
end $$;
create trigger journal_head_grows before update or delete on journal_head
  for each row execute function refuse_shrinking();
revoke delete, truncate on journal_head from qiao_gateway;
