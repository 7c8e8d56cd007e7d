// Anthropic Messages as the real upstream writes it: `input_tokens` leaves the cached ones out, and `data:` lines end
// in spaces now and then.

import { cut } from './chat.mjs';

const inputOf = ({ input, cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0 }) => ({
  input_tokens: input - cacheRead - cacheWrite5m - cacheWrite1h,
  cache_creation_input_tokens: cacheWrite5m + cacheWrite1h,
  cache_read_input_tokens: cacheRead,
});

const usageOf = (usage, output) => ({
  ...inputOf(usage),
  cache_creation: {
    ephemeral_5m_input_tokens: usage.cacheWrite5m ?? 0, ephemeral_1h_input_tokens: usage.cacheWrite1h ?? 0,
  },
  output_tokens: output, service_tier: 'standard', inference_geo: 'not_available',
});

const thinkingOf = (thought) => ({ type: 'thinking', thinking: thought.text, signature: thought.opaque });

const messageOf = (turn, content, stop, output) => ({
  model: turn.model, id: turn.id, type: 'message', role: 'assistant', content, stop_reason: stop, stop_sequence: null,
  usage: usageOf(turn.usage, output),
});

export const anthropic = {
  contentType: 'text/event-stream; charset=utf-8',

  answer(turn) {
    const content = turn.thought ? [thinkingOf(turn.thought)] : [];
    if (turn.deltas.length) {
      content.push({ type: 'text', text: turn.deltas.join('') });
    }
    if (turn.tool) {
      content.push({ type: 'tool_use', id: turn.tool.id, name: turn.tool.name, input: JSON.parse(turn.tool.args) });
    }
    return messageOf(turn, content, turn.tool ? 'tool_use' : 'end_turn', turn.usage.output);
  },

  frames(turn) {
    const frames = [];
    const add = (type, fields, isContent = false) => frames.push({
      text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}${isContent ? '   ' : ''}\n\n`, isContent,
    });
    add('message_start', { message: messageOf(turn, [], null, 1) });
    let index = 0;
    if (turn.thought) {
      add('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } });
      add('content_block_delta', { index, delta: { type: 'thinking_delta', thinking: turn.thought.text } }, true);
      add('content_block_delta', { index, delta: { type: 'signature_delta', signature: turn.thought.opaque } });
      add('content_block_stop', { index });
      index += 1;
    }
    if (turn.deltas.length) {
      add('content_block_start', { index, content_block: { type: 'text', text: '' } });
      add('ping', {});
      for (const text of turn.deltas) {
        add('content_block_delta', { index, delta: { type: 'text_delta', text } }, true);
      }
      add('content_block_stop', { index });
      index += 1;
    }
    if (turn.tool) {
      const block = { type: 'tool_use', id: turn.tool.id, name: turn.tool.name, input: {} };
      add('content_block_start', { index, content_block: block }, true);
      for (const piece of ['', ...cut(turn.tool.args)]) {
        add('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: piece } }, true);
      }
      add('content_block_stop', { index });
    }
    add('message_delta', {
      delta: { stop_reason: turn.tool ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { ...inputOf(turn.usage), output_tokens: turn.usage.output },
    });
    add('message_stop', {});
    return frames;
  },

  error(status, message) {
    return { type: 'error', error: { type: kinds[status], message }, request_id: 'req_upstream_1' };
  },

  errorFrame(message) {
    const error = { type: 'error', error: { type: 'overloaded_error', message } };
    return `event: error\ndata: ${JSON.stringify(error)}\n\n`;
  },

  toolResult(request) {
    const blocks = (role) => request.messages?.findLast((message) => message.role === role)?.content;
    const user = blocks('user');
    const result = Array.isArray(user) ? user.find((block) => block.type === 'tool_result') : undefined;
    const assistant = blocks('assistant');
    const call = Array.isArray(assistant) ? assistant.find((block) => block.type === 'tool_use') : undefined;
    return result && {
      id: result.tool_use_id, output: result.content,
      call: call && { id: call.id, name: call.name, args: JSON.stringify(call.input) },
    };
  },

  count: (tokens) => ({ input_tokens: tokens }),
};

const kinds = {
  400: 'invalid_request_error', 401: 'authentication_error', 429: 'rate_limit_error', 500: 'api_error',
  529: 'overloaded_error',
};
