// OpenAI Chat Completions, strictly.

import { claim, isText, onlyKeys } from '../claims.mjs';

const keys = [
  'model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_tokens',
  'max_completion_tokens', 'temperature', 'top_p', 'stop', 'n', 'seed', 'response_format', 'reasoning_effort', 'user',
  'safety_identifier', 'prompt_cache_key', 'metadata', 'service_tier', 'verbosity', 'store', 'frequency_penalty',
  'presence_penalty', 'logprobs', 'top_logprobs', 'logit_bias', 'modalities', 'audio',
];

const contentKinds = {
  system: ['text'], developer: ['text'], tool: ['text'], assistant: ['text', 'refusal'],
  user: ['text', 'image_url', 'input_audio', 'file'],
};

export const target = {
  path: /^\/v1\/chat\/completions$/,

  tools: (json) => (json.tools ?? []).map((tool) => tool.function?.name),

  results: (json) => json.messages.filter((message) => message.role === 'tool').length,

  check(json) {
    onlyKeys(json, keys, 'body');
    claim(!json.stream_options || json.stream, 'stream_options is only allowed when stream is true');
    for (const tool of json.tools ?? []) {
      claim(tool.type === 'function', `tools: Invalid value: '${tool.type}'`);
      claim(/^[a-zA-Z0-9_-]{1,64}$/.test(tool.function.name), `tools: ${tool.function.name} does not match the pattern`);
      claim(!tool.function.parameters || tool.function.parameters.type === 'object', 'parameters.type must be object');
    }
    let open = [];
    for (const [i, message] of json.messages.entries()) {
      open = checkMessage(message, open, `messages[${i}]`);
    }
    claim(open.length === 0, `tool_call_ids did not have response messages: ${open.join(', ')}`);
  },
};

function checkMessage(message, open, where) {
  claim(Object.hasOwn(contentKinds, message.role), `${where}.role is invalid: ${message.role}`);
  if (message.role === 'tool') {
    claim(open.includes(message.tool_call_id), `${where}: no call ${message.tool_call_id} precedes it`);
  } else {
    claim(open.length === 0, `${where}: tool_call_ids did not have response messages: ${open.join(', ')}`);
  }
  if (Array.isArray(message.content)) {
    claim(message.content.length > 0, `${where}.content is empty`);
    for (const part of message.content) {
      claim(contentKinds[message.role].includes(part.type), `${where}.content: ${part.type} is not for ${message.role}`);
      claim(part.type !== 'text' || isText(part.text), `${where}.content: empty text`);
    }
  } else {
    const mayLack = message.role === 'assistant' && message.tool_calls?.length > 0;
    claim(typeof message.content === 'string' || mayLack, `${where}.content: expected a string`);
  }
  for (const call of message.tool_calls ?? []) {
    claim(call.id.length <= 64 && isText(call.function.name), `${where}.tool_calls: id or name`);
    claim(JSON.parse(call.function.arguments).constructor === Object, `${where}.tool_calls: arguments are no object`);
  }
  return message.role === 'tool'
    ? open.filter((id) => id !== message.tool_call_id)
    : (message.tool_calls ?? []).map((call) => call.id);
}
