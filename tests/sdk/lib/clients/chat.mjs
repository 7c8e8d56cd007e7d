import OpenAI from 'openai';

const usageOf = (usage) => usage && {
  input: usage.prompt_tokens,
  cacheRead: usage.prompt_tokens_details.cached_tokens,
  output: usage.completion_tokens,
  reasoning: usage.completion_tokens_details.reasoning_tokens,
};

const tools = [{
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

const ask = (prompt) => [{ role: 'user', content: prompt }];

export const openAiErrors = {
  badRequest: { type: OpenAI.BadRequestError, status: 400, code: 'unsupported_value' },
  unknownModel: { type: OpenAI.NotFoundError, status: 404, code: 'model_not_found' },
  badKey: { type: OpenAI.AuthenticationError, status: 401, code: 'invalid_api_key' },
  noBalance: { type: OpenAI.RateLimitError, status: 429, code: 'insufficient_quota' },
  rateLimit: { type: OpenAI.RateLimitError, status: 429, code: 'rate_limit_exceeded' },
  upstreamKey: { type: OpenAI.InternalServerError, status: 503 },
  server: { type: OpenAI.InternalServerError },
  overloaded: { type: OpenAI.InternalServerError, status: 503 },
  midStream: { type: OpenAI.APIError },
};

export const chat = {
  surface: 'chat',
  sdk: 'openai (chat)',
  isCountExact: true,
  errors: openAiErrors,

  client: ({ base, key, fetch, retries = 0 }) =>
    new OpenAI({ baseURL: `${base}/v1`, apiKey: key, fetch, maxRetries: retries, logLevel: 'off' }),

  async models(client) {
    const ids = [];
    for await (const model of client.models.list()) {
      ids.push(model.id);
    }
    return ids;
  },

  model: async (client, id) => (await client.models.retrieve(id)).id,

  async text(client, model, prompt, extra) {
    const answer = await client.chat.completions.create({ model, messages: ask(prompt), ...extra });
    return { text: answer.choices[0].message.content, usage: usageOf(answer.usage), id: answer.id };
  },

  async stream(client, model, prompt, { signal, onDelta, extra } = {}) {
    const stream = await client.chat.completions.create(
      { model, messages: ask(prompt), stream: true, stream_options: { include_usage: true }, ...extra }, { signal });
    const seen = { text: '', usage: undefined, finish: undefined };
    for await (const chunk of stream) {
      seen.id = chunk.id;
      seen.usage = usageOf(chunk.usage) ?? seen.usage;
      seen.finish = chunk.choices[0]?.finish_reason ?? seen.finish;
      const delta = chunk.choices[0]?.delta?.content;
      if (delta) {
        seen.text += delta;
        onDelta?.(delta);
      }
    }
    return seen;
  },

  async callTool(client, model, prompt, isStream) {
    const request = { model, messages: ask(prompt), tools };
    const answer = isStream
      ? await client.chat.completions.stream(request).finalChatCompletion()
      : await client.chat.completions.create(request);
    const { message } = answer.choices[0];
    const call = message.tool_calls[0];
    return {
      finish: answer.choices[0].finish_reason,
      call: { id: call.id, name: call.function.name, args: call.function.arguments },
      turns: [...request.messages, { role: 'assistant', content: message.content, tool_calls: message.tool_calls }],
    };
  },

  async sendResult(client, model, { call, turns }, output, isStream) {
    const messages = [...turns, { role: 'tool', tool_call_id: call.id, content: output }];
    const request = { model, messages, tools };
    const answer = isStream
      ? await client.chat.completions.stream(request).finalChatCompletion()
      : await client.chat.completions.create(request);
    return answer.choices[0].message.content;
  },

  finishOfTool: 'tool_calls',
  finishOfText: 'stop',
  finishOfFunds: 'length',
};
