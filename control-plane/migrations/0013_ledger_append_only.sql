-- What was posted stays as it was posted, and a price that was charged stays readable: corrections are new rows.

create trigger transfers_append_only before update or delete on transfers
  for each row execute function refuse_rewrite();

create trigger transfers_no_truncate before truncate on transfers
  for each statement execute function refuse_rewrite();

create trigger usage_events_append_only before update or delete on usage_events
  for each row execute function refuse_rewrite();

create trigger usage_events_no_truncate before truncate on usage_events
  for each statement execute function refuse_rewrite();

create trigger prices_append_only before delete or update of
  id, channel_id, model, input_units, output_units, cache_read_units, cache_write_5m_units, cache_write_1h_units
  on prices for each row execute function refuse_rewrite();
