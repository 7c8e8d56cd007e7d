-- How calls of one conversation are known, so that they go where its prompt is cached; in which order rules are looked
-- through; and generations, which a flush raises: what was bound under a lower one is not bound any more.

create table affinity_rules (
  id              bigint generated always as identity (start with 1001) primary key,
  name            text not null,
  position        integer not null check (position between 0 and 1000000),
  -- Null: every path, every model.
  path            text,
  model           text,
  source          text not null,
  ttl_seconds     integer not null default 3600 check (ttl_seconds between 1 and 604800),
  pinned          boolean not null default false,
  unbind_after_ms integer check (unbind_after_ms between 100 and 600000),
  status          text not null default 'active' check (status in ('active', 'disabled')),
  generation      bigint not null default 1,
  flushed_at      timestamptz,
  version         bigint not null default 1,
  created_at      timestamptz not null default now()
);

create trigger affinity_rules_changed after insert or update or delete on affinity_rules
  for each statement execute function raise_snapshot_version();

alter table channels add column affinity_generation bigint not null default 1;

-- The three well-known presets pin: while a conversation is bound, a failure of its channel is the caller's. Whoever
-- wants that switches them on; they then come before ours, which move on. Each of ours adds the conversation's prefix,
-- for agents hand their own session id to those that they start.
insert into affinity_rules (name, position, path, model, source, ttl_seconds, pinned, status) values
  ('GPT',          10,  '/v1/responses',     'gpt-*',    '/prompt_cache_key', 3600, true, 'disabled'),
  ('Claude',       20,  '/v1/messages',      'claude-*', '/metadata/user_id', 3600, true, 'disabled'),
  ('Gemini',       30,  '/v1beta/models/*',  'gemini-*', '/cachedContent',    3600, true, 'disabled'),
  ('Claude Code',  110, '/v1/messages',      null,
    'header:x-claude-code-session-id /metadata/user_id +prefix',            3600, false, 'active'),
  ('Codex',        120, '/v1/responses',     null,
    '/prompt_cache_key header:session-id +prefix',                          3600, false, 'active'),
  ('opencode',     130, null,                null,
    'header:x-session-id header:x-session-affinity +prefix',                3600, false, 'active'),
  ('Gemini cache', 140, '/v1beta/models/*',  null,
    '/cachedContent /cached_content +prefix',                               3600, false, 'active'),
  ('Conversation', 900, null,                null,        'prefix',           3600, false, 'active');
