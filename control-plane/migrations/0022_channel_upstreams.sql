-- Which protocols an upstream offers, Azure's api-version, and headers of the channel's own.

alter table channels
  -- Empty: what is usual of the provider.
  add column apis           text[] not null default '{}' check (apis <@ array['chat', 'responses', 'messages']),
  add column api_version    text check (length(api_version) between 1 and 40),
  -- Names and values together, sealed like the credential: a value may be a secret.
  add column sealed_headers text,
  add column header_names   text[] not null default '{}' check (cardinality(header_names) <= 16),
  add constraint channels_headers_sealed check ((sealed_headers is null) = (cardinality(header_names) = 0));
