-- Factors on a price, the reason for a route, time to first token of each attempt; and what is priced by other units
-- than tokens: pictures, minutes of sound, characters read aloud.

-- Null: not priced so. A picture, a minute of sound, a million characters.
alter table prices
  add column image_units                 bigint check (image_units between 0 and 10000000000000),
  add column audio_minute_units          bigint check (audio_minute_units between 0 and 10000000000000),
  add column characters_units            bigint check (characters_units between 0 and 10000000000000),
  add column upstream_image_units        bigint check (upstream_image_units between 0 and 10000000000000),
  add column upstream_audio_minute_units bigint check (upstream_audio_minute_units between 0 and 10000000000000),
  add column upstream_characters_units   bigint check (upstream_characters_units between 0 and 10000000000000);

drop trigger prices_append_only on prices;

create trigger prices_append_only before delete or update of
  id, channel_id, model, input_units, output_units, cache_read_units, cache_write_5m_units, cache_write_1h_units,
  context_tokens, max_output_tokens, upstream_input_units, upstream_output_units, upstream_cache_read_units,
  upstream_cache_write_5m_units, upstream_cache_write_1h_units, image_units, audio_minute_units, characters_units,
  upstream_image_units, upstream_audio_minute_units, upstream_characters_units
  on prices for each row execute function refuse_rewrite();

alter table usage_events
  -- By what the price was multiplied, in basis points.
  add column group_bp     integer not null default 10000 check (group_bp between 1 and 100000),
  add column surge_bp     integer not null default 10000 check (surge_bp between 1 and 100000),
  add column fire_sale_bp integer not null default 10000 check (fire_sale_bp between 1 and 100000),
  -- Policy, reason, channels serving the model; of these out of scope, without such a call, cooling, exhausted, full.
  -- Null where nothing is known of it.
  add column route        integer[] check (cardinality(route) = 8),
  add column images       bigint not null default 0 check (images >= 0),
  add column audio_ms     bigint not null default 0 check (audio_ms >= 0),
  add column characters   bigint not null default 0 check (characters >= 0);

alter table usage_attempts
  -- From the attempt's own start; -1 when no content came.
  add column first_token_ms integer not null default -1,
  add column images         bigint not null default 0 check (images >= 0),
  add column audio_ms       bigint not null default 0 check (audio_ms >= 0),
  add column characters     bigint not null default 0 check (characters >= 0);

drop function ingest_usage(
  integer, bigint, uuid[], integer[], bigint[], bigint[], bigint[], bigint[], integer[], bigint[], text[],
  smallint[], smallint[], boolean[], boolean[], integer[], timestamptz[], integer[], integer[], bigint[], bigint[],
  bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], text[], integer[],
  smallint[], smallint[], uuid[], smallint[], bigint[], bigint[], bigint[], integer[], smallint[], smallint[],
  integer[], boolean[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[],
  bigint[]);

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
  p_upstream_id text[], p_notes integer[], p_abort_policy smallint[], p_attempt_count smallint[],
  p_group_bp integer[], p_surge_bp integer[], p_fire_sale_bp integer[], p_route text[], p_images bigint[],
  p_audio_ms bigint[], p_characters bigint[],
  a_rid uuid[], a_no smallint[], a_channel bigint[], a_owner bigint[], a_price bigint[], a_status integer[],
  a_fault smallint[], a_outcome smallint[], a_elapsed_ms integer[], a_is_counted boolean[],
  a_input bigint[], a_cache_read bigint[], a_cache_write_5m bigint[], a_cache_write_1h bigint[],
  a_cache_write_other bigint[], a_output bigint[], a_reasoning bigint[], a_tool_use_prompt bigint[],
  a_cost bigint[], a_charge bigint[], a_first_token_ms integer[], a_images bigint[], a_audio_ms bigint[],
  a_characters bigint[])
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
      tool_use_prompt, upstream_id, notes, abort_policy, attempt_count, group_bp, surge_bp, fire_sale_bp, route,
      images, audio_ms, characters)
    select
      r.rid, r.gateway_no, r.account, r.key, r.channel, r.owner, r.owner_share_bp, r.price, r.model, r.dialect,
      r.outcome, r.is_stream, r.is_counted, r.status, r.started_at, r.first_token_ms, r.duration_ms, r.hold, r.cost,
      r.owner_units, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h, r.cache_write_other, r.output,
      r.reasoning, r.tool_use_prompt, r.upstream_id, r.notes, r.abort_policy, r.attempt_count, r.group_bp, r.surge_bp,
      r.fire_sale_bp, r.route::integer[], r.images, r.audio_ms, r.characters
    from unnest(
      p_rid, p_gateway_no, p_account, p_key, p_channel, p_owner, p_owner_share_bp, p_price, p_model, p_dialect,
      p_outcome, p_is_stream, p_is_counted, p_status, p_started_at, p_first_token_ms, p_duration_ms, p_hold, p_cost,
      p_owner_units, p_input, p_cache_read, p_cache_write_5m, p_cache_write_1h, p_cache_write_other, p_output,
      p_reasoning, p_tool_use_prompt, p_upstream_id, p_notes, p_abort_policy, p_attempt_count, p_group_bp,
      p_surge_bp, p_fire_sale_bp, p_route, p_images, p_audio_ms, p_characters)
      with ordinality as r (
      rid, gateway_no, account, key, channel, owner, owner_share_bp, price, model, dialect,
      outcome, is_stream, is_counted, status, started_at, first_token_ms, duration_ms, hold, cost,
      owner_units, input, cache_read, cache_write_5m, cache_write_1h, cache_write_other, output,
      reasoning, tool_use_prompt, upstream_id, notes, abort_policy, attempt_count, group_bp,
      surge_bp, fire_sale_bp, route, images, audio_ms, characters, place)
    order by r.rid, r.place
    on conflict (rid) do nothing
    returning rid, account_id, key_id, owner_account_id, cost_units, owner_units)
  select
    count(*), array_agg(a.rid), array_agg(a.account_id), array_agg(a.key_id), array_agg(a.owner_account_id),
    array_agg(a.cost_units), array_agg(a.owner_units)
  into v_added, v_rid, v_account, v_key, v_owner, v_cost, v_owner_units
  from added a;

  insert into usage_attempts (
    rid, no, channel_id, owner_account_id, price_id, status, fault, outcome, elapsed_ms, is_counted, input, cache_read,
    cache_write_5m, cache_write_1h, cache_write_other, output, reasoning, tool_use_prompt, cost_units, charge_units,
    first_token_ms, images, audio_ms, characters)
  select
    t.rid, t.no, t.channel, t.owner, t.price, t.status, t.fault, t.outcome, t.elapsed_ms, t.is_counted, t.input,
    t.cache_read, t.cache_write_5m, t.cache_write_1h, t.cache_write_other, t.output, t.reasoning, t.tool_use_prompt,
    t.cost, t.charge, t.first_token_ms, t.images, t.audio_ms, t.characters
  from unnest(
    a_rid, a_no, a_channel, a_owner, a_price, a_status, a_fault, a_outcome, a_elapsed_ms, a_is_counted, a_input,
    a_cache_read, a_cache_write_5m, a_cache_write_1h, a_cache_write_other, a_output, a_reasoning, a_tool_use_prompt,
    a_cost, a_charge, a_first_token_ms, a_images, a_audio_ms, a_characters)
    as t (
    rid, no, channel, owner, price, status, fault, outcome, elapsed_ms, is_counted, input,
    cache_read, cache_write_5m, cache_write_1h, cache_write_other, output, reasoning, tool_use_prompt,
    cost, charge, first_token_ms, images, audio_ms, characters)
  join unnest(v_rid) n (rid) on n.rid = t.rid;

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
