-- What the model's maker asks of everybody, beside what is asked here: the receipt tells what a call would have cost
-- there. Null: not known. Input, output, cache read, cache write for five minutes and an hour, a picture, a minute of
-- sound, a million characters; -1 where the list has no such price.
alter table prices
  add column list_units bigint[] check (
    cardinality(list_units) = 8 and -1 <= all (list_units) and 10000000000000 >= all (list_units)
    and list_units[1] >= 0 and list_units[2] >= 0);

drop trigger prices_append_only on prices;

create trigger prices_append_only before delete or update of
  id, channel_id, model, input_units, output_units, cache_read_units, cache_write_5m_units, cache_write_1h_units,
  context_tokens, max_output_tokens, upstream_input_units, upstream_output_units, upstream_cache_read_units,
  upstream_cache_write_5m_units, upstream_cache_write_1h_units, image_units, audio_minute_units, characters_units,
  upstream_image_units, upstream_audio_minute_units, upstream_characters_units, list_units
  on prices for each row execute function refuse_rewrite();
