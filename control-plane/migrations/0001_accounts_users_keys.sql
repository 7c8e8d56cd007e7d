-- People, their ledger accounts, their sessions and their keys.
-- Money is a signed 64-bit count of 1e-8 dollars in columns named ..._units.

create table accounts (
  id            bigint primary key,
  kind          text not null check (kind in ('platform', 'issuance', 'user')),
  balance_units bigint not null default 0,
  -- Number of postings; a cached copy of the balance is newer when its version is higher.
  version       bigint not null default 0,
  -- When the balance last moved: recently moved ones are sent to Redis again, in case a message was lost.
  changed_at    timestamptz not null default now(),
  created_at    timestamptz not null default now()
);

create index accounts_changed on accounts (changed_at);

-- 1 receives the platform's part of each charge; 2 is where credit comes from, so that all balances add up to zero.
insert into accounts (id, kind) values (1, 'platform'), (2, 'issuance');

create table users (
  -- A user's ledger account has the user's id.
  id              bigint generated always as identity (start with 1001) primary key,
  email           text not null unique check (email = lower(email)),
  password_hash   text not null,
  role            text not null check (role in ('admin', 'member', 'auditor')),
  status          text not null default 'active' check (status in ('active', 'disabled')),
  max_concurrency integer not null default 50 check (max_concurrency between 1 and 100000),
  version         bigint not null default 1,
  created_at      timestamptz not null default now()
);

create table sessions (
  -- SHA-256 of the bearer token; the token itself is nowhere.
  token_hash   bytea primary key,
  user_id      bigint not null references users (id),
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null,
  revoked_at   timestamptz
);

create index sessions_user on sessions (user_id);

create table api_keys (
  id                bigint generated always as identity (start with 1001) primary key,
  user_id           bigint not null references users (id),
  name              text not null,
  -- SHA-256 of the secret; the secret itself is nowhere.
  secret_hash       bytea not null unique,
  -- First characters of the secret, so that people can tell keys apart.
  shown             text not null,
  models            text[] not null default '{}',
  channel_ids       bigint[] not null default '{}',
  expires_at        timestamptz,
  spend_limit_units bigint check (spend_limit_units >= 0),
  rpm               integer check (rpm > 0),
  tpm               integer check (tpm > 0),
  max_concurrency   integer check (max_concurrency > 0),
  ip_allow          text[] not null default '{}',
  status            text not null default 'active' check (status in ('active', 'disabled', 'deleted')),
  -- What the key has spent; raised in the transaction that posts a charge.
  spent_units       bigint not null default 0 check (spent_units >= 0),
  spent_version     bigint not null default 0,
  version           bigint not null default 1,
  created_at        timestamptz not null default now()
);

create index api_keys_user on api_keys (user_id, id);
