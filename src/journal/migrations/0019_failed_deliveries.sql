-- Deliveries that failed at least once and are open: each is the first of its lane, and as long as it waits or is dead,
-- what has gathered behind it need not be looked at by every lease. It takes the place of an index over the state, so
-- that a lease and its renewal (state, attempts, due_at) change nothing that is indexed.
create index delivery_failed on delivery (exchange, lane) where open and reason is not null;
drop index delivery_dead;
