// OpenAI Chat Completions as the real upstream writes it.

const usageOf = ({ input, cacheRead = 0, output, reasoning = 0 }) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cacheRead, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0,
  },
});

const toolCall = ({ id, name, args }) => ({ id, type: 'function', function: { name, arguments: args } });

export const chat = {
  contentType: 'text/event-stream; charset=utf-8',

  answer(turn) {
    const message = { role: 'assistant', content: turn.deltas.join('') || null, refusal: null, annotations: [] };
    if (turn.thought) {
      message.reasoning_content = turn.thought.text;
    }
    if (turn.tool) {
      message.tool_calls = [toolCall(turn.tool)];
    }
    return {
      id: turn.id, object: 'chat.completion', created: 1_782_955_818, model: turn.model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: turn.tool ? 'tool_calls' : 'stop' }],
      usage: usageOf(turn.usage), service_tier: 'default', system_fingerprint: 'fp_d0469e1700',
    };
  },

  frames(turn, request) {
    const asked = request.stream_options?.include_usage === true;
    const frame = (choices, isContent, usage) => {
      const chunk = {
        id: turn.id, object: 'chat.completion.chunk', created: 1_782_955_818, model: turn.model,
        service_tier: 'default', system_fingerprint: 'fp_d0469e1700', choices,
        ...(asked ? { usage: usage ?? null } : {}), obfuscation: 'HM7mrUsjk',
      };
      return { text: `data: ${JSON.stringify(chunk)}\n\n`, isContent };
    };
    const choice = (delta, finish = null) => [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    const frames = [frame(choice({ role: 'assistant', content: turn.tool ? null : '', refusal: null }), false)];
    if (turn.thought) {
      frames.push(frame(choice({ reasoning_content: turn.thought.text }), true));
    }
    for (const delta of turn.deltas) {
      frames.push(frame(choice({ content: delta }), true));
    }
    if (turn.tool) {
      const head = { index: 0, ...toolCall({ ...turn.tool, args: '' }) };
      frames.push(frame(choice({ tool_calls: [head] }), true));
      for (const piece of cut(turn.tool.args)) {
        frames.push(frame(choice({ tool_calls: [{ index: 0, function: { arguments: piece } }] }), true));
      }
    }
    frames.push(frame(choice({}, turn.tool ? 'tool_calls' : 'stop'), false));
    if (asked) {
      frames.push(frame([], false, usageOf(turn.usage)));
    }
    frames.push({ text: 'data: [DONE]\n\n', isContent: false });
    return frames;
  },

  error(status, message) {
    return { error: { message, ...kinds[status], param: null } };
  },

  errorFrame(message) {
    return `data: ${JSON.stringify({ error: { message, type: 'server_error', param: null, code: null } })}\n\n`;
  },

  /** What the second turn says about the call and its result. */
  toolResult(request) {
    const result = request.messages?.findLast((message) => message.role === 'tool');
    const call = request.messages?.findLast((message) => message.tool_calls)?.tool_calls?.[0];
    return result && {
      id: result.tool_call_id, output: result.content,
      call: call && { id: call.id, name: call.function.name, args: call.function.arguments },
    };
  },
};

const kinds = {
  400: { type: 'invalid_request_error', code: 'unsupported_value' },
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
  500: { type: 'server_error', code: null },
  529: { type: 'server_error', code: 'server_is_overloaded' },
};

/** Arguments arrive in pieces that respect nothing but characters. */
export function cut(text) {
  return text.match(/.{1,7}/gsu) ?? [];
}
