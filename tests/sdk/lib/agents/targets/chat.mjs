// OpenAI Chat Completions, strictly.

import { claim, isText, onlyKeys } from '../claims.mjs';
import { checkParameters, checkStrict } from '../schemas.mjs';

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
    onlyKeys(json, isCompatible(json.model) ? [...keys, 'thinking', 'top_k'] : keys, 'body');
    claim(!json.stream_options || json.stream, 'stream_options is only allowed when stream is true');
    for (const tool of json.tools ?? []) {
      claim(['function', 'custom'].includes(tool.type), `tools: Invalid value: '${tool.type}'`);
      const { name, parameters, strict } = tool[tool.type];
      claim(/^[a-zA-Z0-9_-]{1,64}$/.test(name), `tools: ${name} does not match the pattern`);
      if (parameters) {
        checkParameters(parameters, strict && !isCompatible(json.model), `tools.${name}.parameters`);
      }
    }
    checkChoice(json);
    checkForm(json.response_format);
    checkModel(json);
    let open = [];
    for (const [i, message] of json.messages.entries()) {
      open = checkMessage(message, open, `messages[${i}]`);
    }
    claim(open.length === 0, `tool_call_ids did not have response messages: ${open.join(', ')}`);
  },
};

const isCompatible = (model) => !/^(gpt|o\d|chatgpt)/.test(model);

export const isReasoner = (model) => /^(gpt-5|o\d)/.test(model);

/** What OpenAI's own models refuse, by their names. */
export function checkEffort(model, effort) {
  const words = /^gpt-5\./.test(model) ? ['none', 'low', 'medium', 'high', 'xhigh']
    : /^gpt-5/.test(model) ? ['minimal', 'low', 'medium', 'high'] : ['low', 'medium', 'high'];
  claim(effort === undefined || !isReasoner(model) || words.includes(effort),
    `Unsupported value: '${effort}' is not supported with the '${model}' model.`);
}

function checkModel(json) {
  checkEffort(json.model, json.reasoning_effort);
  if (isReasoner(json.model)) {
    claim(json.max_tokens === undefined, "Unsupported parameter: 'max_tokens' is not supported with this model.");
    for (const name of ['temperature', 'top_p']) {
      claim([undefined, 1].includes(json[name]), `Unsupported value: '${name}' does not support ${json[name]}`);
    }
    for (const name of ['logprobs', 'logit_bias', 'frequency_penalty', 'presence_penalty']) {
      claim(json[name] === undefined, `Unsupported parameter: '${name}' is not supported with this model.`);
    }
  }
  claim(!Array.isArray(json.stop) || (json.stop.length > 0 && json.stop.length <= 4), 'stop: at most 4 sequences');
  claim(json.stop === undefined || !/^o[34]/.test(json.model), "Unsupported parameter: 'stop'");
  claim(json.metadata === undefined || json.store, "The 'metadata' parameter is only allowed when 'store' is enabled");
  for (const name of ['safety_identifier', 'prompt_cache_key', 'user']) {
    claim((json[name] ?? '').length <= 64, `${name}: string too long`);
  }
}

function checkChoice(json) {
  const choice = json.tool_choice;
  claim(choice === undefined || json.tools?.length > 0, "'tool_choice' is only allowed when 'tools' are specified.");
  claim(json.parallel_tool_calls === undefined || json.tools?.length > 0,
    "'parallel_tool_calls' is only allowed when 'tools' are specified.");
  const names = json.tools?.map((tool) => tool[tool.type].name);
  const chosen = choice?.type === 'allowed_tools' ? choice.allowed_tools.tools : choice?.type ? [choice] : [];
  claim(typeof choice !== 'string' || ['none', 'auto', 'required'].includes(choice), `tool_choice: '${choice}'`);
  for (const one of chosen) {
    claim(names.includes(one[one.type].name), `tool_choice: Tool '${one[one.type].name}' not found in 'tools'.`);
  }
}

function checkForm(form) {
  claim(form === undefined || ['text', 'json_object', 'json_schema'].includes(form.type), 'response_format.type');
  if (form?.type === 'json_schema') {
    claim(/^[a-zA-Z0-9_-]{1,64}$/.test(form.json_schema.name), 'response_format.json_schema.name');
    if (form.json_schema.strict) {
      checkStrict(form.json_schema.schema, 'response_format');
    }
  }
}

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
    claim(isText(call.id) && call.id.length <= 40 && isText(call[call.type].name), `${where}.tool_calls: id or name`);
    claim(call.type === 'custom' || JSON.parse(call.function.arguments).constructor === Object,
      `${where}.tool_calls: arguments are no object`);
  }
  return message.role === 'tool'
    ? open.filter((id) => id !== message.tool_call_id)
    : (message.tool_calls ?? []).map((call) => call.id);
}
