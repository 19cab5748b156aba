-- Receipts: who said what became of a message, exactly as signed. `received` stays beside the message itself; here are
--   accepted, refused   the recipient's own word (or the gateway's, where nothing could be sent)
--   settled             the gateway's: the money side of the message is done
--   cosigned            a deal: its exact payload under the signatures of both exchanges, kept with the host's deal-confirmed
create table receipt (
  no bigint generated always as identity primary key,
  message uuid not null,
  kind text not null check (kind in ('received', 'accepted', 'refused', 'settled', 'cosigned')),
  -- who signed it; of a deal signed by both the host, which signs last
  issuer text not null,
  -- the exchange that it speaks of; qiao where it speaks of the whole message
  recipient text not null,
  bytes bytea not null,
  recorded_at timestamptz not null,
  -- the same receipt asked for again is the same bytes
  unique (message, kind, recipient)
) with (toast_tuple_target = 8160);

alter table receipt set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_analyze_threshold = 500);

insert into receipt (message, kind, issuer, recipient, bytes, recorded_at)
  select message, state, case when state = 'refused' and sent is null then 'qiao' else exchange end, exchange, receipt,
         coalesce(finished_at, created_at)
    from delivery where receipt is not null order by finished_at, no;
alter table delivery drop column receipt;

create view leaf_receipt as
  select no, null::text as stream, null::bigint as seq, issuer as sender, recorded_at as at, bytes,
         parts_digest(convert_to(message::text, 'UTF8'), convert_to(kind, 'UTF8'), convert_to(recipient, 'UTF8'))
           as beside
    from receipt;

select keep_in_log('receipt');
