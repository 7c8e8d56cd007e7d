-- What a key wants done with request members that a model's upstream cannot take.

alter table api_keys
  add column unsupported text not null default 'drop' check (unsupported in ('drop', 'error'));
