import { chat, openAiErrors } from './chat.mjs';

const usageOf = (usage) => usage && {
  input: usage.input_tokens,
  cacheRead: usage.input_tokens_details.cached_tokens,
  output: usage.output_tokens,
  reasoning: usage.output_tokens_details.reasoning_tokens,
};

const tools = [{
  type: 'function', name: 'get_weather', strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
}];

const ask = (prompt) => [{ role: 'user', content: prompt }];

async function run(client, request, isStream) {
  return isStream ? client.responses.stream(request).finalResponse() : client.responses.create(request);
}

export const responses = {
  surface: 'responses',
  sdk: 'openai (responses)',
  isCountExact: true,
  errors: openAiErrors,
  client: chat.client,
  models: chat.models,
  model: chat.model,

  async text(client, model, prompt, extra) {
    const answer = await client.responses.create({ model, input: ask(prompt), store: false, ...extra });
    return { text: answer.output_text, usage: usageOf(answer.usage), id: answer.id };
  },

  async stream(client, model, prompt, { signal, onDelta, extra } = {}) {
    const stream = await client.responses.create(
      { model, input: ask(prompt), store: false, stream: true, ...extra }, { signal });
    const seen = { text: '', usage: undefined, finish: undefined };
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') {
        seen.text += event.delta;
        onDelta?.(event.delta);
      } else if (event.type === 'response.completed' || event.type === 'response.incomplete') {
        seen.id = event.response.id;
        seen.usage = usageOf(event.response.usage);
        seen.finish = event.response.status;
      } else if (event.type === 'response.failed') {
        throw new Error(event.response.error?.message);
      }
    }
    return seen;
  },

  async callTool(client, model, prompt, isStream) {
    const input = ask(prompt);
    const answer = await run(client, { model, input, tools, store: false }, isStream);
    const item = answer.output.find((output) => output.type === 'function_call');
    return {
      finish: answer.status,
      call: { id: item.call_id, name: item.name, args: item.arguments },
      turns: [...input, { type: 'function_call', call_id: item.call_id, name: item.name, arguments: item.arguments }],
    };
  },

  async sendResult(client, model, { call, turns }, output, isStream) {
    const input = [...turns, { type: 'function_call_output', call_id: call.id, output }];
    return (await run(client, { model, input, tools, store: false }, isStream)).output_text;
  },

  finishOfTool: 'completed',
  finishOfText: 'completed',
  finishOfFunds: 'incomplete',
};
