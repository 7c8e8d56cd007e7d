-- Requests that were open on a gateway whose disk is gone for ever: their holds were given back, nothing was charged.
-- Should its disk come back after all, its records are charged as ever.

create table write_offs (
  rid            uuid primary key,
  gateway_no     integer not null references gateways (no),
  boot_no        integer not null,
  account_id     bigint not null,
  key_id         bigint not null,
  held_units     bigint not null check (held_units >= 0),
  written_off_at timestamptz not null default now()
);

create trigger write_offs_append_only before update or delete on write_offs
  for each row execute function refuse_rewrite();

create trigger write_offs_no_truncate before truncate on write_offs
  for each statement execute function refuse_rewrite();
