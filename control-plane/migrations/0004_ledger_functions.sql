-- What the ledger does inside the database: partitions of usage by day, the posting of a batch, and the record of
-- changes that gateways have to hear of. sum() of a bigint is numeric in PostgreSQL: exact, and cast back with a check.

-- A user's ledger account comes with the user, at commit, whoever adds the row.
create function open_account() returns trigger language plpgsql as $$
begin
  insert into accounts (id, kind) values (new.id, 'user') on conflict (id) do nothing;
  return null;
end $$;

create constraint trigger users_open_account after insert on users
  deferrable initially deferred for each row execute function open_account();

-- Request ids of gateways whose clock stood before 2025 (1735689600000 ms).
create table usage_events_early partition of usage_events
  for values from (minvalue) to ('01941f29-7c00-0000-0000-000000000000');

-- The least request id of a day.
create function usage_day_start(p_day date) returns uuid language sql immutable strict as $$
  select rpad(lpad(to_hex((p_day - date '1970-01-01')::bigint * 86400000), 12, '0'), 32, '0')::uuid
$$;

-- Made apart and then attached: unlike "create table ... partition of", that lets usage be written and read meanwhile.
create function ensure_usage_day(p_day date) returns void language plpgsql as $$
declare
  v_name text := 'usage_events_' || to_char(p_day, 'YYYYMMDD');
begin
  if to_regclass(v_name) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(730658366, p_day - date '2025-01-01');

  -- Asked of the table itself: to_regclass answers from a cache that waiting for an advisory lock does not refresh.
  if exists (
    select from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'usage_events'::regclass and c.relname = v_name) then
    return;
  end if;
  execute format('create table %I (like usage_events including all)', v_name);
  execute format('alter table usage_events attach partition %I for values from (%L) to (%L)',
    v_name, usage_day_start(p_day), usage_day_start(p_day + 1));
end $$;

-- Posts a batch in the caller's transaction: usage rows that are new, their transfers, balances, key totals, and how
-- far the gateway's log is committed. Arrays run in parallel, one element a record. Rows returned, by "what":
--   0 number of new rows in "units"
--   1 an account of the batch: balance, version
--   2 a key of the batch: what it has spent, version
--   3 a record, by its position from 1, whose request id is posted with another account or cost
create function ingest_usage(
  p_position_gateway integer, p_position_lsn bigint,
  p_rid uuid[], p_gateway_no integer[], p_account bigint[], p_key bigint[], p_channel bigint[], p_owner bigint[],
  p_owner_share_bp integer[], p_price bigint[], p_model text[], p_dialect smallint[], p_outcome smallint[],
  p_is_stream boolean[], p_is_counted boolean[], p_status integer[], p_started_at timestamptz[],
  p_first_token_ms integer[], p_duration_ms integer[], p_hold bigint[], p_cost bigint[], p_owner_units bigint[],
  p_input bigint[], p_cache_read bigint[], p_cache_write_5m bigint[], p_cache_write_1h bigint[],
  p_cache_write_other bigint[], p_output bigint[], p_reasoning bigint[], p_tool_use_prompt bigint[],
  p_upstream_id text[], p_attempts text[])
returns table (what smallint, id bigint, units bigint, version bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  c_platform constant bigint := 1;
  v_added bigint;
  v_rid uuid[];
  v_account bigint[];
  v_key bigint[];
  v_owner bigint[];
  v_cost bigint[];
  v_owner_units bigint[];
begin
  with added as (
    insert into usage_events (
      rid, gateway_no, account_id, key_id, channel_id, owner_account_id, owner_share_bp, price_id, model, dialect,
      outcome, is_stream, is_counted, status, started_at, first_token_ms, duration_ms, hold_units, cost_units,
      owner_units, input, cache_read, cache_write_5m, cache_write_1h, cache_write_other, output, reasoning,
      tool_use_prompt, upstream_id, attempts)
    select
      r.rid, r.gateway_no, r.account, r.key, r.channel, r.owner, r.owner_share_bp, r.price, r.model, r.dialect,
      r.outcome, r.is_stream, r.is_counted, r.status, r.started_at, r.first_token_ms, r.duration_ms, r.hold, r.cost,
      r.owner_units, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h, r.cache_write_other, r.output,
      r.reasoning, r.tool_use_prompt, r.upstream_id, r.attempts::jsonb
    from unnest(
      p_rid, p_gateway_no, p_account, p_key, p_channel, p_owner, p_owner_share_bp, p_price, p_model, p_dialect,
      p_outcome, p_is_stream, p_is_counted, p_status, p_started_at, p_first_token_ms, p_duration_ms, p_hold, p_cost,
      p_owner_units, p_input, p_cache_read, p_cache_write_5m, p_cache_write_1h, p_cache_write_other, p_output,
      p_reasoning, p_tool_use_prompt, p_upstream_id, p_attempts)
      as r (
      rid, gateway_no, account, key, channel, owner, owner_share_bp, price, model, dialect,
      outcome, is_stream, is_counted, status, started_at, first_token_ms, duration_ms, hold, cost,
      owner_units, input, cache_read, cache_write_5m, cache_write_1h, cache_write_other, output,
      reasoning, tool_use_prompt, upstream_id, attempts)
    order by r.rid
    on conflict (rid) do nothing
    returning rid, account_id, key_id, owner_account_id, cost_units, owner_units)
  select
    count(*), array_agg(a.rid), array_agg(a.account_id), array_agg(a.key_id), array_agg(a.owner_account_id),
    array_agg(a.cost_units), array_agg(a.owner_units)
  into v_added, v_rid, v_account, v_key, v_owner, v_cost, v_owner_units
  from added a;

  -- Rows are locked in the order of their ids by everyone who posts, so two batches cannot wait for each other.
  perform 1 from accounts a
  where a.id in (
    select n.account from unnest(v_account, v_cost) n (account, cost) where n.cost > 0
    union select n.owner from unnest(v_owner, v_owner_units) n (owner, owner_units) where n.owner_units > 0
    union select c_platform from unnest(v_cost) n (cost) where n.cost > 0)
  order by a.id for no key update;

  -- A version is the number of postings: it rises by one for each transfer that touches the account.
  update accounts a
  set balance_units = a.balance_units + m.delta, version = a.version + m.postings, changed_at = now()
  from (
    select x.account, sum(x.delta)::bigint delta, count(*) postings
    from unnest(v_account, v_owner, v_cost, v_owner_units) n (account, owner, cost, owner_units)
    cross join lateral (values
      (n.account, -n.owner_units, n.owner_units),
      (n.owner, n.owner_units, n.owner_units),
      (n.account, n.owner_units - n.cost, n.cost - n.owner_units),
      (c_platform, n.cost - n.owner_units, n.cost - n.owner_units)) x (account, delta, amount)
    where x.amount > 0
    group by x.account) m
  where a.id = m.account;

  insert into transfers (kind, debit_account, credit_account, amount_units, rid, leg)
  select x.kind, n.account, x.credit, x.amount, n.rid, x.leg
  from unnest(v_rid, v_account, v_owner, v_cost, v_owner_units) n (rid, account, owner, cost, owner_units)
  cross join lateral (values
    ('usage_owner', n.owner, n.owner_units, 1::smallint),
    ('usage_platform', c_platform, n.cost - n.owner_units, 2::smallint)) x (kind, credit, amount, leg)
  where x.amount > 0;

  perform 1 from api_keys k
  where k.id in (select n.key from unnest(v_key, v_cost) n (key, cost) where n.cost > 0)
  order by k.id for no key update;

  update api_keys k
  set spent_units = k.spent_units + m.spent, spent_version = k.spent_version + m.charges
  from (
    select n.key, sum(n.cost)::bigint spent, count(*) charges
    from unnest(v_key, v_cost) n (key, cost)
    where n.cost > 0
    group by n.key) m
  where k.id = m.key;

  if p_position_gateway is not null then
    insert into gateway_positions as g (gateway_no, acked_lsn) values (p_position_gateway, p_position_lsn)
    on conflict (gateway_no) do update set acked_lsn = greatest(g.acked_lsn, excluded.acked_lsn);
  end if;

  return query select 0::smallint, 0::bigint, v_added, 0::bigint;
  return query
    select 1::smallint, a.id, a.balance_units, a.version
    from accounts a
    where a.id = any(p_account || v_owner);
  return query
    select 2::smallint, k.id, k.spent_units, k.spent_version
    from api_keys k
    where k.id = any(p_key);
  if v_added < cardinality(p_rid) then
    return query
      select 3::smallint, r.place, 0::bigint, 0::bigint
      from unnest(p_rid, p_account, p_cost) with ordinality r (rid, account, cost, place)
      join usage_events e on e.rid = r.rid
      where e.account_id <> r.account or e.cost_units <> r.cost;
  end if;
end $$;

-- What gateways have to hear of, written in the transaction that changed it, so that no crash loses the news. A row is
-- kept for a day after it was told, as long as a key's record lives in Redis: a Redis that comes back with an older
-- copy is told again.
create table pending_changes (
  id           bigint generated always as identity primary key,
  kind         text not null check (kind in ('key', 'user', 'balance')),
  subject_id   bigint not null,
  -- The key's hash before the change; gateways know the key by it.
  secret_hash  bytea,
  created_at   timestamptz not null default now(),
  published_at timestamptz
);

create index pending_changes_open on pending_changes (id) where published_at is null;
create index pending_changes_published on pending_changes (published_at) where published_at is not null;

create function note_key_change() returns trigger language plpgsql as $$
begin
  insert into pending_changes (kind, subject_id, secret_hash)
  values ('key', new.id, case when tg_op = 'UPDATE' then old.secret_hash else new.secret_hash end);
  return null;
end $$;

create trigger api_keys_added after insert on api_keys for each row execute function note_key_change();

-- Not for spent_units: every charge changes that.
create trigger api_keys_changed after update of
  user_id, secret_hash, models, channel_ids, expires_at, spend_limit_units, rpm, tpm, max_concurrency, ip_allow, status
  on api_keys for each row execute function note_key_change();

create function note_user_change() returns trigger language plpgsql as $$
begin
  insert into pending_changes (kind, subject_id) values ('user', new.id);
  return null;
end $$;

create trigger users_changed after update of status, max_concurrency
  on users for each row execute function note_user_change();

-- The row lock puts concurrent changes in order, so a reader never sees a version without the change behind it.
create function raise_snapshot_version() returns trigger language plpgsql as $$
begin
  update snapshot_version set version = version + 1;
  return null;
end $$;

create trigger channels_changed after insert or update or delete on channels
  for each statement execute function raise_snapshot_version();
create trigger prices_changed after insert or update or delete on prices
  for each statement execute function raise_snapshot_version();
create trigger settings_changed after insert or update or delete on settings
  for each statement execute function raise_snapshot_version();
