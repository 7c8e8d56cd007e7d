// Anthropic Messages, strictly.

import { claim, isText, onlyKeys } from '../claims.mjs';

export const signature = 'EqQBCgIYAhIkMDk5/scripted+signature==';

const keys = [
  'model', 'messages', 'system', 'max_tokens', 'stream', 'tools', 'tool_choice', 'temperature', 'top_p', 'top_k',
  'stop_sequences', 'metadata', 'thinking', 'output_config', 'service_tier', 'container', 'context_management',
  'mcp_servers', 'cache_control', 'diagnostics',
];

export const target = {
  path: /^\/v1\/messages$/,

  tools: (json) => (json.tools ?? []).map((tool) => tool.name),

  results: (json) => json.messages.flatMap(blocksOf).filter((block) => block.type === 'tool_result').length,

  check(json) {
    onlyKeys(json, keys, 'body');
    claim(Number.isInteger(json.max_tokens) && json.max_tokens > 0, 'max_tokens: Field required');
    if (json.thinking?.type === 'enabled') {
      claim(json.thinking.budget_tokens >= 1024, 'thinking.budget_tokens: at least 1024');
      claim(json.thinking.budget_tokens < json.max_tokens, '`max_tokens` must be greater than `thinking.budget_tokens`');
    }
    for (const tool of json.tools ?? []) {
      claim(/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name), `tools: ${tool.name} is no name`);
      claim(tool.type !== undefined && tool.type !== 'custom' ? true : tool.input_schema?.type === 'object',
        `tools.${tool.name}.input_schema.type: Field required`);
    }
    claim(json.messages.length > 0 && json.messages[0].role === 'user', 'messages: first message must use the "user" role');
    let open = [];
    for (const [i, message] of json.messages.entries()) {
      claim(['user', 'assistant', 'system'].includes(message.role), `messages.${i}.role`);
      open = checkMessage(message, open, `messages.${i}`);
    }
    claim(open.length === 0, '`tool_use` ids were found without `tool_result` blocks at the end');
  },
};

function blocksOf(message) {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
}

function checkMessage(message, open, where) {
  const blocks = blocksOf(message);
  claim(blocks.length > 0, `${where}: content must not be empty`);
  const results = blocks.filter((block) => block.type === 'tool_result').map((block) => block.tool_use_id);
  if (message.role === 'user') {
    claim(open.every((id) => results.includes(id)) && results.every((id) => open.includes(id)),
      `${where}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}`);
    const firstOther = blocks.findIndex((block) => block.type !== 'tool_result');
    claim(firstOther < 0 || blocks.slice(firstOther).every((block) => block.type !== 'tool_result'),
      `${where}: tool results come first`);
  }
  for (const block of blocks) {
    claim(block.type !== 'text' || isText(block.text), `${where}: text content blocks must be non-empty`);
    claim(block.type !== 'thinking' || block.signature === signature,
      `${where}: Invalid \`signature\` in \`thinking\` block`);
    claim(block.type !== 'tool_use' || (/^[a-zA-Z0-9_-]+$/.test(block.id) && block.input?.constructor === Object),
      `${where}: tool_use.id should match pattern, input is an object`);
  }
  return message.role === 'assistant'
    ? blocks.filter((block) => block.type === 'tool_use').map((block) => block.id)
    : message.role === 'user' ? [] : open;
}
