import type { NewRule } from './affinity-queries';

export type Preset = { key: string; rule: Omit<NewRule, 'position'> };

const hour = 3600;

/**
 * Where well-known clients say which conversation a call belongs to. Those that pin refuse rather than change the
 * channel; the others add the conversation's head, for agents hand their own session to those that they start.
 */
export const presets: readonly Preset[] = [
  {
    key: 'claudeCode',
    rule: {
      name: 'Claude Code', path: '/v1/messages', ttl_seconds: hour,
      source: 'header:x-claude-code-session-id /metadata/user_id +prefix',
    },
  },
  {
    key: 'codex',
    rule: {
      name: 'Codex', path: '/v1/responses', ttl_seconds: hour,
      source: '/prompt_cache_key header:session-id +prefix',
    },
  },
  {
    key: 'opencode',
    rule: { name: 'opencode', source: 'header:x-session-id header:x-session-affinity +prefix', ttl_seconds: hour },
  },
  {
    key: 'gpt',
    rule: {
      name: 'GPT', path: '/v1/responses', model: 'gpt-*', source: '/prompt_cache_key', ttl_seconds: hour, pinned: true,
    },
  },
  {
    key: 'claude',
    rule: {
      name: 'Claude', path: '/v1/messages', model: 'claude-*', source: '/metadata/user_id', ttl_seconds: hour,
      pinned: true,
    },
  },
  {
    key: 'gemini',
    rule: {
      name: 'Gemini', path: '/v1beta/models/*', model: 'gemini-*', source: '/cachedContent', ttl_seconds: hour,
      pinned: true,
    },
  },
  { key: 'conversation', rule: { name: 'Conversation', source: 'prefix', ttl_seconds: hour } },
];

export const emptyRule: Preset['rule'] = { name: '', source: '', ttl_seconds: hour };
