-- What real attempts have shown of each channel, summed up by half hours as they are posted: who looks at the health of
-- channels reads 48 small rows for each. Probes, which nobody is charged for, are counted apart.
create table channel_health (
  channel_id     bigint not null,
  starts_at      timestamptz not null,
  available      bigint not null default 0,
  empty          bigint not null default 0,
  failed         bigint not null default 0,
  -- The credential or the account is refused: no call can succeed.
  down           bigint not null default 0,
  -- Of the available: those whose first token took long.
  slow           bigint not null default 0,
  -- Times to first token of streams that ended well and said something: how many, and their sum.
  first_tokens   bigint not null default 0,
  first_token_ms bigint not null default 0,
  probes_good    bigint not null default 0,
  probes_bad     bigint not null default 0,
  primary key (channel_id, starts_at)
);

create index channel_health_starts_at on channel_health (starts_at);

-- The last probe of each channel that was probed on schedule.
create table channel_probes (
  channel_id bigint primary key,
  probed_at  timestamptz not null,
  is_good    boolean not null,
  ttft_ms    bigint,
  error      text
);

-- What an attempt says of its channel; null when it says nothing: the caller's own fault, a client that left, a race
-- that was lost. The numbers are those of Outcome and AttemptFault.
create function health_event(p_outcome smallint, p_status integer, p_fault smallint) returns text
language sql immutable parallel safe as $$
  select case
    when p_fault in (11, 12, 14, 15) then 'down'
    when p_outcome in (1, 2, 8) then 'available'
    when p_outcome = 6 then 'empty'
    when p_outcome in (4, 5) and p_fault = 5 and p_status in (401, 402, 403) then 'down'
    when p_outcome in (4, 5) and p_fault = 5 and p_status between 400 and 499
      and p_status not in (408, 425, 429, 499) then null
    when p_outcome in (4, 5) and p_fault not in (0, 10, 13) then 'failed'
  end
$$;

-- When a request began: the first 48 bits of its id.
create function rid_time(p_rid uuid) returns timestamptz
language sql immutable parallel safe as $$
  select to_timestamp(('x' || left(replace(p_rid::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;

-- In the transaction that posts the attempts, and of those rows alone that are new: a record that comes twice is
-- counted once. An attempt's own first token is meant where it is known, else the request's less what passed before.
do $do$
declare
  v_first_token text := $sql$case when u.first_token_ms < 0 then -1 else greatest(0, u.first_token_ms - coalesce(
    sum(a.elapsed_ms) over (partition by a.rid order by a.no rows between unbounded preceding and 1 preceding),
    0)) end$sql$;
begin
  if exists (
    select from information_schema.columns
    where table_schema = current_schema() and table_name = 'usage_attempts' and column_name = 'first_token_ms') then
    v_first_token := 'coalesce(nullif(a.first_token_ms, -1), ' || v_first_token || ')';
  end if;
  execute format($create$
    create function note_channel_health() returns trigger language plpgsql as $body$
    begin
      insert into channel_health as h (
        channel_id, starts_at, available, empty, failed, down, slow, first_tokens, first_token_ms)
      select
        e.channel_id, e.starts_at,
        count(*) filter (where e.event = 'available'),
        count(*) filter (where e.event = 'empty'),
        count(*) filter (where e.event = 'failed'),
        count(*) filter (where e.event = 'down'),
        count(*) filter (where e.event = 'available' and e.is_stream and e.first_token >= 10000),
        count(*) filter (where e.outcome = 1 and e.is_stream and e.first_token >= 0),
        coalesce(sum(e.first_token) filter (where e.outcome = 1 and e.is_stream and e.first_token >= 0), 0)
      from (
        select
          a.channel_id, a.outcome, u.is_stream,
          date_bin('30 minutes', rid_time(a.rid), timestamptz '2000-01-01') as starts_at,
          health_event(a.outcome, a.status, a.fault) as event,
          %s as first_token
        from added a
        join usage_events u on u.rid = a.rid) e
      where e.event is not null
      group by e.channel_id, e.starts_at
      order by e.channel_id, e.starts_at
      on conflict (channel_id, starts_at) do update set
        available = h.available + excluded.available,
        empty = h.empty + excluded.empty,
        failed = h.failed + excluded.failed,
        down = h.down + excluded.down,
        slow = h.slow + excluded.slow,
        first_tokens = h.first_tokens + excluded.first_tokens,
        first_token_ms = h.first_token_ms + excluded.first_token_ms;
      return null;
    end $body$
  $create$, v_first_token);
end $do$;

create trigger usage_attempts_health after insert on usage_attempts
  referencing new table as added for each statement execute function note_channel_health();
