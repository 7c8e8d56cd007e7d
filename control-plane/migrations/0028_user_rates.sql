-- Rates of all keys of a user together, and a user's part of channels that are full.

alter table users
  add column rpm integer check (rpm > 0),
  add column tpm integer check (tpm > 0),
  add column weight integer not null default 1 check (weight between 1 and 100);
