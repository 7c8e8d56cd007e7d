-- What was charged is corrected by new rows, never by an edit: a row with the difference and the reason, and transfers
-- back from those who got the money, in proportion to what each got.

create table corrections (
  rid            uuid not null,
  seq            smallint not null check (seq > 0),
  -- Given back to the user: the sum of the two parts below.
  amount_units   bigint not null check (amount_units > 0),
  owner_units    bigint not null check (owner_units >= 0),
  platform_units bigint not null check (platform_units >= 0),
  reason         text not null,
  created_by     bigint,
  created_at     timestamptz not null default now(),
  primary key (rid, seq),
  -- One request is corrected once for one reason, however often it is asked for.
  unique (rid, reason),
  check (owner_units + platform_units = amount_units)
);

create trigger corrections_append_only before update or delete on corrections
  for each row execute function refuse_rewrite();

create trigger corrections_no_truncate before truncate on corrections
  for each statement execute function refuse_rewrite();

-- The legs of correction n are 2n+1 (from the owner) and 2n+2 (from the platform); a charge's own are 1 and 2.
alter table transfers drop constraint transfers_kind_check;

alter table transfers add constraint transfers_kind_check check (kind in
  ('usage_owner', 'usage_platform', 'credit', 'debit', 'correction_owner', 'correction_platform'));
