-- Settings of channel groups. A group that a channel names and that has no row here is as a new one would be.

create table channel_groups (
  -- Also the prefix of its paths at the gateways.
  name            text primary key check (name ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$'),
  policy          text not null default 'weighted'
    check (policy in ('weighted', 'least_loaded', 'cheapest', 'fifo', 'sticky')),
  price_factor_bp integer not null default 10000 check (price_factor_bp between 1 and 100000),
  -- Who may use it; empty: everybody.
  user_ids        bigint[] not null default '{}' check (cardinality(user_ids) <= 1000),
  -- Its channels also serve calls without the prefix.
  in_common       boolean not null default true,
  hedges          boolean not null default false,
  rpm             integer check (rpm > 0),
  tpm             integer check (tpm > 0),
  version         bigint not null default 1,
  created_at      timestamptz not null default now()
);

create trigger channel_groups_changed after insert or update or delete on channel_groups
  for each statement execute function raise_snapshot_version();

-- Groups that a key may use; empty: every group that its user may use.
alter table api_keys
  add column groups text[] not null default '{}' check (cardinality(groups) <= 50);

-- Gateways also have to hear of these two.
create trigger api_keys_scope_changed after update of groups, unsupported
  on api_keys for each row execute function note_key_change();
