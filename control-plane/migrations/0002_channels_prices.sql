-- Upstream channels, prices, and the version that gateways follow.

create table channels (
  id                bigint generated always as identity (start with 1001) primary key,
  -- Null: the platform's own.
  owner_user_id     bigint references users (id),
  name              text not null,
  provider          text not null check (provider in
    ('openai', 'anthropic', 'gemini', 'deepseek', 'openai_compatible', 'azure', 'bedrock', 'vertex')),
  base_url          text not null,
  credential_type   text not null check (credential_type in
    ('api_key', 'oauth_refresh', 'aws', 'google_service_account', 'entra')),
  sealed_credential text not null,
  models            text[] not null,
  model_map         jsonb not null default '{}',
  groups            text[] not null default '{}',
  weight            integer not null default 1 check (weight between 0 and 1000000),
  priority          integer not null default 0,
  owner_share_bp    integer not null default 0 check (owner_share_bp between 0 and 5000),
  max_concurrency   integer check (max_concurrency > 0),
  windows           jsonb not null default '[]',
  status            text not null default 'active' check (status in ('active', 'disabled', 'deleted')),
  version           bigint not null default 1,
  created_at        timestamptz not null default now()
);

-- A price is never edited: a change retires the row and adds one, so a charge can always be computed again.
create table prices (
  id                   bigint generated always as identity (start with 1001) primary key,
  channel_id           bigint references channels (id),
  model                text not null,
  input_units          bigint not null check (input_units between 0 and 10000000000000),
  output_units         bigint not null check (output_units between 0 and 10000000000000),
  cache_read_units     bigint check (cache_read_units between 0 and 10000000000000),
  cache_write_5m_units bigint check (cache_write_5m_units between 0 and 10000000000000),
  cache_write_1h_units bigint check (cache_write_1h_units between 0 and 10000000000000),
  created_at           timestamptz not null default now(),
  retired_at           timestamptz
);

create unique index prices_current on prices (coalesce(channel_id, 0), model) where retired_at is null;

create table settings (
  name       text primary key,
  value      jsonb not null,
  updated_at timestamptz not null default now()
);

-- One row: raised by every change that a snapshot shows.
create table snapshot_version (
  only_row boolean primary key default true check (only_row),
  version  bigint not null
);

insert into snapshot_version (version) values (1);
