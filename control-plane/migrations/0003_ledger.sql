-- Usage and double-entry postings. Rows of usage_events and transfers are never changed or deleted.

create table gateways (
  no             integer primary key check (no between 1 and 1023),
  gateway_id     text not null unique,
  boot_no        integer not null default 0 check (boot_no between 0 and 1048575),
  build          text not null default '',
  address        text not null default '',
  last_lsn       bigint not null default 0,
  open_holds     integer not null default 0,
  oldest_open_ms bigint not null default 0,
  recovery_done  boolean not null default false,
  draining       boolean not null default false,
  snapshot_version bigint not null default 0,
  registered_at  timestamptz not null default now(),
  last_beat_at   timestamptz not null default now()
);

-- Up to which log sequence number each gateway's records are committed here.
create table gateway_positions (
  gateway_no integer primary key references gateways (no),
  acked_lsn  bigint not null
);

-- The 256 Redis shards. A shard whose epoch is not the one in Redis has been rebuilt.
create table shards (
  no    smallint primary key check (no between 0 and 255),
  epoch bigint not null default 0
);

insert into shards (no) select generate_series(0, 255);

-- The id begins with its time, so a range of ids is a range of days and a repeated id always meets its first row.
create table usage_events (
  rid              uuid not null primary key,
  gateway_no       integer not null,
  account_id       bigint not null references accounts (id),
  key_id           bigint not null,
  channel_id       bigint not null,
  owner_account_id bigint not null,
  owner_share_bp   integer not null check (owner_share_bp between 0 and 5000),
  price_id         bigint not null,
  model            text not null,
  dialect          smallint not null,
  outcome          smallint not null,
  is_stream        boolean not null,
  is_counted       boolean not null,
  status           integer not null,
  started_at       timestamptz not null,
  first_token_ms   integer not null,
  duration_ms      integer not null,
  hold_units       bigint not null check (hold_units >= 0),
  cost_units       bigint not null check (cost_units >= 0),
  owner_units      bigint not null check (owner_units >= 0),
  input            bigint not null check (input >= 0),
  cache_read       bigint not null check (cache_read >= 0),
  cache_write_5m   bigint not null check (cache_write_5m >= 0),
  cache_write_1h   bigint not null check (cache_write_1h >= 0),
  cache_write_other bigint not null check (cache_write_other >= 0),
  output           bigint not null check (output >= 0),
  reasoning        bigint not null check (reasoning >= 0),
  tool_use_prompt  bigint not null check (tool_use_prompt >= 0),
  upstream_id      text not null,
  attempts         jsonb not null,
  settled_at       timestamptz not null default now(),
  check (owner_units <= cost_units)
) partition by range (rid);

create index usage_events_account on usage_events (account_id, rid desc);

create table transfers (
  id              bigint generated always as identity primary key,
  kind            text not null check (kind in ('usage_owner', 'usage_platform', 'credit', 'debit')),
  debit_account   bigint not null references accounts (id),
  credit_account  bigint not null references accounts (id),
  amount_units    bigint not null check (amount_units > 0),
  -- Both set for a posting that a request caused; one posting of each leg at most.
  rid             uuid,
  leg             smallint,
  reason          text not null default '',
  created_by      bigint,
  created_at      timestamptz not null default now(),
  check (debit_account <> credit_account),
  check ((rid is null) = (leg is null)),
  unique (rid, leg)
);

create index transfers_debit on transfers (debit_account, id desc);
create index transfers_credit on transfers (credit_account, id desc);

-- Records that could not be posted, kept whole for a person to look at. The same bytes may come by two ways (a
-- gateway's log and the Redis outbox), so a record is known by its digest.
create table settle_dead (
  id         bigint generated always as identity primary key,
  gateway_no integer not null,
  boot_no    integer not null,
  -- 0 when the record came from the outbox.
  lsn        bigint not null,
  -- Null when the bytes could not be read.
  rid        uuid,
  record     bytea not null,
  digest     bytea not null generated always as (sha256(record)) stored unique,
  reason     text not null,
  created_at timestamptz not null default now()
);

create index settle_dead_rid on settle_dead (rid) where rid is not null;

-- Answers of money-moving calls, so that a repeated Idempotency-Key gets the first answer.
create table idempotency_keys (
  user_id      bigint not null,
  key          text not null,
  request_hash bytea not null,
  status       integer not null,
  answer       text not null,
  created_at   timestamptz not null default now(),
  primary key (user_id, key)
);

create table audit_events (
  id         bigint generated always as identity primary key,
  user_id    bigint,
  action     text not null,
  target     text not null,
  detail     jsonb not null default '{}',
  created_at timestamptz not null default now()
);
