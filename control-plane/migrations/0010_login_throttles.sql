-- Failed sign-ins, counted so that every control plane slows a guesser down alike.

create table login_throttles (
  -- SHA-256 of an account, an address, or both together.
  subject         text primary key,
  failures        integer not null,
  last_attempt_at timestamptz not null,
  blocked_until   timestamptz
);

create index login_throttles_age on login_throttles (last_attempt_at);
