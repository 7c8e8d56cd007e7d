// OpenAI Responses, strictly.

import { claim, isText, onlyKeys } from '../claims.mjs';
import { checkParameters, checkStrict } from '../schemas.mjs';
import { checkEffort, isReasoner } from './chat.mjs';

export const encrypted = 'gAAAAABscripted_encrypted_reasoning-==';

const keys = [
  'model', 'input', 'instructions', 'stream', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_output_tokens',
  'temperature', 'top_p', 'reasoning', 'text', 'include', 'store', 'metadata', 'prompt_cache_key', 'safety_identifier',
  'user', 'service_tier', 'truncation', 'top_logprobs', 'client_metadata', 'stream_options', 'prompt_cache_retention',
];

const parts = {
  user: ['input_text', 'input_image', 'input_file'], system: ['input_text'], developer: ['input_text'],
  assistant: ['output_text', 'refusal'],
};

export const target = {
  path: /^\/v1\/responses$/,

  tools: (json) => (json.tools ?? []).map((tool) => tool.name),

  results: (json) => items(json).filter((item) => /^(function|custom_tool)_call_output$/.test(item.type)).length,

  check(json) {
    onlyKeys(json, keys, 'body');
    claim(json.store === false, 'items are not kept here: store must be false');
    claim(json.max_output_tokens === undefined || json.max_output_tokens >= 16, 'max_output_tokens: at least 16');
    for (const tool of json.tools ?? []) {
      claim(tool.type !== 'function' || /^[a-zA-Z0-9_-]{1,64}$/.test(tool.name), `tools: ${tool.name} is no name`);
      if (tool.type === 'function' && tool.parameters) {
        checkParameters(tool.parameters, tool.strict === true, `tools.${tool.name}.parameters`);
      }
    }
    checkWishes(json);
    const list = items(json);
    const calls = new Set();
    for (const [i, item] of list.entries()) {
      checkItem(item, list[i + 1], calls, `input[${i}]`);
    }
    claim(calls.size === 0, `No tool output found for function call ${[...calls].join(', ')}.`);
  },
};

function checkWishes(json) {
  checkEffort(json.model, json.reasoning?.effort);
  for (const name of ['temperature', 'top_p']) {
    claim(!isReasoner(json.model) || [undefined, 1].includes(json[name]), `Unsupported parameter: '${name}'`);
  }
  const names = json.tools?.map((tool) => tool.name) ?? [];
  const choice = json.tool_choice;
  for (const one of choice?.type === 'allowed_tools' ? choice.tools : choice?.type ? [choice] : []) {
    claim(names.includes(one.name), `Tool choice '${one.name}' not found in 'tools' parameter.`);
  }
  const form = json.text?.format;
  if (form?.type === 'json_schema') {
    claim(/^[a-zA-Z0-9_-]{1,64}$/.test(form.name), 'text.format.name');
    if (form.strict) {
      checkStrict(form.schema, 'text.format.schema');
    }
  }
  for (const name of ['safety_identifier', 'prompt_cache_key', 'user']) {
    claim((json[name] ?? '').length <= 64, `${name}: string too long`);
  }
}

function items(json) {
  return typeof json.input === 'string' ? [{ type: 'message', role: 'user', content: json.input }] : json.input;
}

function checkItem(item, next, calls, where) {
  switch (item.type ?? 'message') {
    case 'message':
      claim(Object.hasOwn(parts, item.role), `${where}.role: ${item.role}`);
      for (const part of Array.isArray(item.content) ? item.content : []) {
        claim(parts[item.role].includes(part.type), `${where}.content: Invalid value: '${part.type}'`);
      }
      break;
    case 'reasoning':
      claim(item.encrypted_content === undefined || item.encrypted_content === encrypted,
        `${where}: The encrypted content could not be verified`);
      claim(next && (next.type !== 'message' || next.role === 'assistant') && !/_output$/.test(next.type ?? ''),
        `${where}: Item of type 'reasoning' was provided without its required following item.`);
      break;
    case 'function_call':
      claim(isText(item.call_id) && item.call_id.length <= 64, `${where}.call_id`);
      JSON.parse(item.arguments);
      claim(!calls.has(item.call_id), `${where}.call_id: ${item.call_id} stands for two calls`);
      calls.add(item.call_id);
      break;
    case 'custom_tool_call':
      calls.add(item.call_id);
      break;
    case 'function_call_output':
    case 'custom_tool_call_output':
      claim(calls.delete(item.call_id), `${where}: No tool call found for function call output ${item.call_id}.`);
      break;
    default:
      claim(item.type === 'additional_tools', `${where}.type: Invalid value: '${item.type}'`);
  }
}
