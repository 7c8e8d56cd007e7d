-- Redis may be emptied, or come back older, at any moment. What is needed to notice that, and to open its shards again
-- in an order that lets no gateway reserve before all have said what they hold.

create sequence rebuild_numbers;

-- The number of the rebuild under way; null while the shard is open.
alter table shards
  add column rebuilding bigint check (rebuilding > 0),
  -- Run id of the server that was told of the rebuild and has kept its mark; null before. Gateways hear of a rebuild
  -- only then, so that a loss of what they tell can be seen.
  add column planted_on text;

-- By shard (array index 1 is shard 0): run id of the server that has it, and the last high-water mark it was seen to
-- keep. Written every few seconds, so that neither a restart of all control planes looks like a loss, nor a loss during
-- such a restart is missed.
create table redis_watch (
  one         boolean primary key default true check (one),
  run_ids     text[] not null check (cardinality(run_ids) = 256),
  high_waters bigint[] not null check (cardinality(high_waters) = 256),
  -- Raised when a server was replaced but knows enough: gateways then tell Redis again what they hold and have settled.
  replay      bigint not null default 0,
  -- The control planes' own part, still to be done: 1 copies of posted charges, 2 also every balance.
  recheck     smallint not null default 0 check (recheck between 0 and 2)
);

insert into redis_watch (run_ids, high_waters)
values (array_fill(''::text, array[256]), array_fill(0::bigint, array[256]));

alter table gateways
  -- The last rebuild for which this gateway has told everything.
  add column ready_rebuild bigint not null default 0,
  -- Holds of boots before this one have been given back.
  add column swept_boot integer not null default 0,
  -- Ended in order: it holds nothing and nobody need wait for it.
  add column has_left boolean not null default false;

-- Overdue holds of living gateways: the gateway is asked whether it knows the request, and only its no frees the hold.
create table hold_inquiries (
  rid        uuid primary key,
  gateway_no integer not null,
  boot_no    integer not null,
  is_unknown boolean not null default false,
  asked_at   timestamptz not null default now()
);
