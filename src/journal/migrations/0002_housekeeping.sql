-- Kept answers are dropped by age.
create index idempotency_created on idempotency (created_at);
