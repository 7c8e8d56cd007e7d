// OpenAI Responses as the real upstream writes it.

import { chat, cut } from './chat.mjs';

const usageOf = ({ input, cacheRead = 0, output, reasoning = 0 }) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: 0 },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: input + output,
});

const itemOf = (turn, status) => turn.tool
  ? {
    id: `fc_${turn.id}`, type: 'function_call', status, name: turn.tool.name, call_id: turn.tool.id,
    arguments: status === 'completed' ? turn.tool.args : '',
  }
  : {
    id: `msg_${turn.id}`, type: 'message', status, role: 'assistant',
    content: status === 'completed'
      ? [{ type: 'output_text', text: turn.deltas.join(''), annotations: [], logprobs: [] }]
      : [],
  };

const reasoningOf = ({ id, thought }, isDone = true) => ({
  id: `rs_${id}`, type: 'reasoning', summary: isDone ? [{ type: 'summary_text', text: thought.text }] : [],
  ...(isDone ? { encrypted_content: thought.opaque } : {}),
});

const outputOf = (turn) => [...(turn.thought ? [reasoningOf(turn)] : []), itemOf(turn, 'completed')];

const responseOf = (turn, status) => ({
  id: turn.id, object: 'response', created_at: 1_782_955_818, status, background: false, error: null,
  incomplete_details: null, instructions: null, max_output_tokens: null, model: turn.model,
  output: status === 'completed' ? outputOf(turn) : [], parallel_tool_calls: true,
  previous_response_id: null, reasoning: { effort: null, summary: null }, store: false, temperature: 1,
  text: { format: { type: 'text' } }, tool_choice: 'auto', tools: [], top_p: 1, truncation: 'disabled',
  usage: status === 'completed' ? usageOf(turn.usage) : null, user: null, metadata: {},
});

function addThought(add, turn) {
  const item = reasoningOf(turn);
  const place = { item_id: item.id, output_index: 0, summary_index: 0 };
  const [part] = item.summary;
  add('response.output_item.added', { output_index: 0, item: reasoningOf(turn, false) });
  add('response.reasoning_summary_part.added', { ...place, part: { ...part, text: '' } });
  add('response.reasoning_summary_text.delta', { ...place, delta: part.text }, true);
  add('response.reasoning_summary_text.done', { ...place, text: part.text });
  add('response.reasoning_summary_part.done', { ...place, part });
  add('response.output_item.done', { output_index: 0, item });
}

export const responses = {
  contentType: 'text/event-stream; charset=utf-8',

  answer: (turn) => responseOf(turn, 'completed'),

  frames(turn) {
    const frames = [];
    const add = (type, fields, isContent = false) => frames.push({
      text: `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: frames.length, ...fields })}\n\n`,
      isContent,
    });
    const item = itemOf(turn, 'completed');
    const place = { item_id: item.id, output_index: turn.thought ? 1 : 0 };
    add('response.created', { response: responseOf(turn, 'in_progress') });
    add('response.in_progress', { response: responseOf(turn, 'in_progress') });
    if (turn.thought) {
      addThought(add, turn);
    }
    add('response.output_item.added', { output_index: place.output_index, item: itemOf(turn, 'in_progress') });
    if (turn.tool) {
      for (const piece of cut(turn.tool.args)) {
        add('response.function_call_arguments.delta', { ...place, delta: piece }, true);
      }
      add('response.function_call_arguments.done', { ...place, arguments: turn.tool.args });
    } else {
      const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
      add('response.content_part.added', { ...place, content_index: 0, part });
      for (const delta of turn.deltas) {
        add('response.output_text.delta', { ...place, content_index: 0, delta, logprobs: [] }, true);
      }
      const text = turn.deltas.join('');
      add('response.output_text.done', { ...place, content_index: 0, text, logprobs: [] });
      add('response.content_part.done', { ...place, content_index: 0, part: { ...part, text } });
    }
    add('response.output_item.done', { output_index: place.output_index, item });
    add('response.completed', { response: responseOf(turn, 'completed') });
    return frames;
  },

  error: chat.error,

  errorFrame(message) {
    const error = { type: 'error', code: 'server_error', message, param: null, sequence_number: 99 };
    return `event: error\ndata: ${JSON.stringify(error)}\n\n`;
  },

  toolResult(request) {
    const items = Array.isArray(request.input) ? request.input : [];
    const result = items.findLast((item) => item.type === 'function_call_output');
    const call = items.findLast((item) => item.type === 'function_call');
    return result && {
      id: result.call_id, output: result.output,
      call: call && { id: call.call_id, name: call.name, args: call.arguments },
    };
  },
};
