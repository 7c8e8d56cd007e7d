// Anthropic Messages, strictly.

import { claim, isText, onlyKeys } from '../claims.mjs';
import { checkSubset } from '../schemas.mjs';

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
    checkModel(json);
    checkChoice(json);
    claim((JSON.stringify(json).match(/"cache_control":\{/g) ?? []).length <= 4,
      'A maximum of 4 blocks with cache_control may be provided.');
    if (json.output_config?.format) {
      checkSubset(json.output_config.format.schema, 'output_config.format.schema');
    }
    claim((json.stop_sequences ?? []).every((stop) => stop.trim()),
      'stop_sequences: each stop sequence must contain non-whitespace');
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
    checkThoughts(json);
  },
};

// Versions from 4.7 on take no sampling; those before 4.6 think by a budget, the others by an effort.
const versionOf = (model) => {
  const [, major, minor] = /^claude-\w+-(\d)(?:-(\d)(?!\d))?/.exec(model) ?? [];
  return major ? Number(major) * 100 + Number(minor ?? 0) : undefined;
};

function checkModel(json) {
  const version = versionOf(json.model);
  const isThinking = ['enabled', 'adaptive'].includes(json.thinking?.type);
  claim(json.temperature === undefined || (json.temperature >= 0 && json.temperature <= 1), 'temperature: range: 0..1');
  claim(!isThinking || [undefined, 1].includes(json.temperature),
    '`temperature` may only be set to 1 when thinking is enabled');
  if (version >= 407) {
    claim([undefined, 1].includes(json.temperature) && json.top_k === undefined && (json.top_p ?? 1) >= 0.99,
      `${json.model} takes no sampling parameters`);
    claim(json.thinking?.type !== 'enabled', 'thinking.type: enabled is not supported by this model');
  }
  if (version < 406) {
    claim(json.thinking?.type !== 'adaptive' && json.output_config?.effort === undefined,
      'adaptive thinking is not supported by this model');
    claim(version >= 405 || json.output_config === undefined, 'output_config: Extra inputs are not permitted');
    claim(version < 401 || json.temperature === undefined || json.top_p === undefined,
      '`temperature` and `top_p` cannot both be specified for this model.');
  }
}

function checkChoice(json) {
  const choice = json.tool_choice;
  claim(choice === undefined || json.tools?.length > 0, 'tool_choice may only be specified while providing tools');
  claim(choice?.type !== 'tool' || json.tools.some((tool) => tool.name === choice.name),
    `Tool '${choice?.name}' not found in provided tools`);
  claim(choice?.type !== 'none' || choice.disable_parallel_tool_use === undefined,
    'tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted');
  claim(json.thinking?.type !== 'enabled' || !['any', 'tool'].includes(choice?.type),
    'Thinking may not be enabled when tool_choice forces tool use.');
}

// With a budget, the answer under way, calls and all that they brought, must begin with the thought that led to it.
function checkThoughts(json) {
  const last = json.messages.findLastIndex((message) => message.role === 'assistant');
  const isUnderWay = last >= 0 && blocksOf(json.messages[last]).some((block) => block.type === 'tool_use')
    && blocksOf(json.messages[last + 1] ?? { content: [] }).every((block) => block.type === 'tool_result');
  claim(json.thinking?.type !== 'enabled' || !isUnderWay
    || ['thinking', 'redacted_thinking'].includes(blocksOf(json.messages[last])[0].type),
    `messages.${last}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`tool_use\``);
}

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
  claim(new Set(results).size === results.length, `${where}: each tool_use must have a single result`);
  for (const block of blocks) {
    claim(block.type !== 'text' || (isText(block.text) && block.text.trim()), `${where}: text content blocks must be non-empty`);
    claim(block.type !== 'thinking' || block.signature === signature,
      `${where}: Invalid \`signature\` in \`thinking\` block`);
    claim(block.type !== 'tool_use' || (/^[a-zA-Z0-9_-]+$/.test(block.id) && block.input?.constructor === Object),
      `${where}: tool_use.id should match pattern, input is an object`);
  }
  return message.role === 'assistant'
    ? blocks.filter((block) => block.type === 'tool_use').map((block) => block.id)
    : message.role === 'user' ? [] : open;
}
