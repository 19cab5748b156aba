-- What autovacuum needs to know of the tables that turn over fast. Their rows are found by keys, so a sample of 3,000 of
-- them serves as well as one of 30,000, which under load took two fifths of the server's time; and once a table is no
-- longer empty, half as many rows again change no plan. The first look, after 500 rows, stays: see 0001.
do $$
declare
  name text;
  columns text;
begin
  foreach name in array array['delivery', 'stream', 'decision', 'number', 'listing', 'listing_version', 'message',
                              'receipt', 'inbox', 'journal_leaf', 'journal_node', 'link_sent'] loop
    select string_agg(format('alter column %I set statistics 10', attname), ', ') into columns
      from pg_attribute where attrelid = name::regclass and attnum > 0 and not attisdropped;
    execute format('alter table %I %s', name, columns);
    execute format('alter table %I set (autovacuum_analyze_scale_factor = 0.5, autovacuum_analyze_threshold = 500)', name);
  end loop;
end $$;
