-- A row for each attempt at an upstream, with what the upstream bills for it and what the user is charged for it apart:
-- a failed-over attempt, a refunded answer and a hedge that lost cost the platform, never the user.

alter table usage_events
  add column notes         integer not null default 0,
  add column abort_policy  smallint not null default 0,
  -- Null in rows of before: their attempts stand in the column "attempts", and have no usage of their own.
  add column attempt_count smallint,
  alter column attempts set default '[]';

create table usage_attempts (
  rid               uuid not null,
  no                smallint not null check (no > 0),
  channel_id        bigint not null,
  -- Whose channel it was; 0 is the platform.
  owner_account_id  bigint not null,
  price_id          bigint not null,
  status            integer not null,
  fault             smallint not null,
  outcome           smallint not null,
  elapsed_ms        integer not null,
  is_counted        boolean not null,
  input             bigint not null check (input >= 0),
  cache_read        bigint not null check (cache_read >= 0),
  cache_write_5m    bigint not null check (cache_write_5m >= 0),
  cache_write_1h    bigint not null check (cache_write_1h >= 0),
  cache_write_other bigint not null check (cache_write_other >= 0),
  output            bigint not null check (output >= 0),
  reasoning         bigint not null check (reasoning >= 0),
  tool_use_prompt   bigint not null check (tool_use_prompt >= 0),
  -- What the upstream bills.
  cost_units        bigint not null check (cost_units >= 0),
  -- What the user is charged: the request's whole cost on the attempt that served, else 0.
  charge_units      bigint not null check (charge_units >= 0),
  primary key (rid, no)
) partition by range (rid);

create index usage_attempts_channel on usage_attempts (channel_id, rid);

create table usage_attempts_early partition of usage_attempts
  for values from (minvalue) to ('01941f29-7c00-0000-0000-000000000000');

-- One day of a table of usage: made apart and then attached, so that it can be written and read meanwhile.
create function ensure_usage_partition(p_parent text, p_day date) returns void language plpgsql as $$
declare
  v_name text := p_parent || '_' || to_char(p_day, 'YYYYMMDD');
begin
  -- Asked of the table itself: to_regclass answers from a cache that waiting for an advisory lock does not refresh.
  if exists (
    select from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = p_parent::regclass and c.relname = v_name) then
    return;
  end if;
  execute format('create table %I (like %I including all)', v_name, p_parent);
  execute format('create trigger %I before truncate on %I for each statement execute function refuse_rewrite()',
    v_name || '_no_truncate', v_name);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)',
    p_parent, v_name, usage_day_start(p_day), usage_day_start(p_day + 1));
end $$;

create or replace function ensure_usage_day(p_day date) returns void language plpgsql as $$
begin
  if to_regclass('usage_events_' || to_char(p_day, 'YYYYMMDD')) is not null
    and to_regclass('usage_attempts_' || to_char(p_day, 'YYYYMMDD')) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(730658366, p_day - date '2025-01-01');
  perform ensure_usage_partition('usage_events', p_day);
  perform ensure_usage_partition('usage_attempts', p_day);
end $$;

create trigger usage_attempts_append_only before update or delete on usage_attempts
  for each row execute function refuse_rewrite();

create trigger usage_attempts_no_truncate before truncate on usage_attempts
  for each statement execute function refuse_rewrite();
