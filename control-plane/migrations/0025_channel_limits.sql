-- Requests and tokens a minute of a channel, and what its primary quota window does to weight and price.

alter table channels
  add column rpm       integer check (rpm > 0),
  add column tpm       integer check (tpm > 0),
  -- {"before_end_seconds", "least_left_bp", "weight_factor_bp", "price_factor_bp"}
  add column fire_sale jsonb,
  -- {"factor_max_bp"}
  add column surge     jsonb;
