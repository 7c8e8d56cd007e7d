-- A chain of hashes over all transfers: each seal covers the transfers of a range of ids that nobody can still add to,
-- and the seal before it. Whoever changes, removes, adds or swaps a sealed row breaks the chain from there on.

create table transfer_seals (
  no        bigint primary key check (no > 0),
  -- The range: ids above that of the seal before, up to this one.
  last_id   bigint not null,
  transfers integer not null check (transfers > 0),
  -- The first eight bytes of each transfer's digest, to tell which one does not fit.
  marks     bytea not null check (length(marks) = 8 * transfers),
  previous  bytea not null check (length(previous) = 32),
  hash      bytea not null unique check (length(hash) = 32),
  sealed_at timestamptz not null
);

create trigger transfer_seals_append_only before update or delete on transfer_seals
  for each row execute function refuse_rewrite();

create trigger transfer_seals_no_truncate before truncate on transfer_seals
  for each statement execute function refuse_rewrite();
