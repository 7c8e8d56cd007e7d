import Anthropic from '@anthropic-ai/sdk';

const usageOf = (usage) => {
  const write5m = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const write1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    input: usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
    cacheRead: usage.cache_read_input_tokens,
    cacheWrite5m: write5m,
    cacheWrite1h: write1h,
    output: usage.output_tokens,
  };
};

const tools = [{ name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }];

const ask = (prompt) => [{ role: 'user', content: prompt }];

async function run(client, request, isStream) {
  return isStream ? client.messages.stream(request).finalMessage() : client.messages.create(request);
}

const textOf = (message) =>
  message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');

export const claude = {
  surface: 'claude',
  sdk: '@anthropic-ai/sdk',
  isCountExact: false,
  errors: {
    badRequest: { type: Anthropic.BadRequestError, status: 400, word: 'invalid_request_error' },
    unknownModel: { type: Anthropic.NotFoundError, status: 404, word: 'not_found_error' },
    badKey: { type: Anthropic.AuthenticationError, status: 401, word: 'authentication_error' },
    noBalance: { type: Anthropic.APIError, status: 402, word: 'billing_error' },
    rateLimit: { type: Anthropic.RateLimitError, status: 429, word: 'rate_limit_error' },
    upstreamKey: { type: Anthropic.InternalServerError },
    server: { type: Anthropic.InternalServerError },
    overloaded: { type: Anthropic.InternalServerError, status: 529, word: 'overloaded_error' },
    midStream: { type: Anthropic.APIError },
  },

  client: ({ base, key, fetch, retries = 0 }) =>
    new Anthropic({ baseURL: base, apiKey: key, fetch, maxRetries: retries, logLevel: 'off' }),

  async models(client) {
    const ids = [];
    for await (const model of client.models.list()) {
      ids.push(model.id);
    }
    return ids;
  },

  model: async (client, id) => (await client.models.retrieve(id)).id,

  async text(client, model, prompt, extra) {
    const answer = await client.messages.create({ model, max_tokens: 1024, messages: ask(prompt), ...extra });
    return { text: textOf(answer), usage: usageOf(answer.usage), id: answer.id };
  },

  async stream(client, model, prompt, { signal, onDelta, extra } = {}) {
    const stream = await client.messages.create(
      { model, max_tokens: 1024, messages: ask(prompt), stream: true, ...extra }, { signal });
    const seen = { text: '', usage: undefined, finish: undefined };
    let usage;
    for await (const event of stream) {
      if (event.type === 'message_start') {
        usage = event.message.usage;
        seen.id = event.message.id;
      } else if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
        seen.text += event.delta.text;
        onDelta?.(event.delta.text);
      } else if (event.type === 'message_delta') {
        seen.usage = usageOf({ ...usage, ...event.usage });
        seen.finish = event.delta.stop_reason;
      }
    }
    return seen;
  },

  async callTool(client, model, prompt, isStream) {
    const messages = ask(prompt);
    const answer = await run(client, { model, max_tokens: 1024, messages, tools }, isStream);
    const block = answer.content.find((content) => content.type === 'tool_use');
    return {
      finish: answer.stop_reason,
      call: { id: block.id, name: block.name, args: JSON.stringify(block.input) },
      turns: [...messages, { role: 'assistant', content: answer.content }],
    };
  },

  async sendResult(client, model, { call, turns }, output, isStream) {
    const result = { type: 'tool_result', tool_use_id: call.id, content: output };
    const messages = [...turns, { role: 'user', content: [result] }];
    return textOf(await run(client, { model, max_tokens: 1024, messages, tools }, isStream));
  },

  count: async (client, model, prompt) =>
    (await client.messages.countTokens({ model, messages: ask(prompt) })).input_tokens,

  finishOfTool: 'tool_use',
  finishOfText: 'end_turn',
  finishOfFunds: 'max_tokens',
};
