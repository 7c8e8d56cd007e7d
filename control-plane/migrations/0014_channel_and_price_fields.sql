-- What a channel does when its client leaves, whether its reports of usage are believed, the limits of a model, and
-- what the upstream itself asks for tokens.

alter table channels
  add column on_client_abort text not null default 'cancel' check (on_client_abort in ('cancel', 'drain')),
  add column trusts_usage    boolean not null default true;

-- Null: not known. A report of more tokens than this is not believed.
alter table prices
  add column context_tokens    bigint check (context_tokens between 1 and 1000000000),
  add column max_output_tokens bigint check (max_output_tokens between 1 and 1000000000);

-- Null: the upstream asks what our price says.
alter table prices
  add column upstream_input_units          bigint check (upstream_input_units between 0 and 10000000000000),
  add column upstream_output_units         bigint check (upstream_output_units between 0 and 10000000000000),
  add column upstream_cache_read_units     bigint check (upstream_cache_read_units between 0 and 10000000000000),
  add column upstream_cache_write_5m_units bigint check (upstream_cache_write_5m_units between 0 and 10000000000000),
  add column upstream_cache_write_1h_units bigint check (upstream_cache_write_1h_units between 0 and 10000000000000);

-- An attempt's cost can be computed again for ever, so these are as final as the rest of the row.
drop trigger prices_append_only on prices;

create trigger prices_append_only before delete or update of
  id, channel_id, model, input_units, output_units, cache_read_units, cache_write_5m_units, cache_write_1h_units,
  context_tokens, max_output_tokens, upstream_input_units, upstream_output_units, upstream_cache_read_units,
  upstream_cache_write_5m_units, upstream_cache_write_1h_units
  on prices for each row execute function refuse_rewrite();
