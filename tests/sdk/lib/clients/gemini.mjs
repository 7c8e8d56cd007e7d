import { ApiError, GoogleGenAI } from '@google/genai';

const usageOf = (usage) => usage && {
  input: usage.promptTokenCount,
  cacheRead: usage.cachedContentTokenCount ?? 0,
  output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
  reasoning: usage.thoughtsTokenCount ?? 0,
};

const tools = [{
  functionDeclarations: [{
    name: 'get_weather',
    parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
  }],
}];

const ask = (prompt) => [{ role: 'user', parts: [{ text: prompt }] }];

async function run(client, request, isStream) {
  if (!isStream) {
    return client.models.generateContent(request);
  }
  let last;
  const parts = [];
  for await (const chunk of await client.models.generateContentStream(request)) {
    parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
    last = chunk;
  }
  last.candidates[0].content.parts = parts;
  return last;
}

const textOf = (answer) => answer.candidates[0].content.parts.map((part) => part.text ?? '').join('');

export const gemini = {
  surface: 'gemini',
  sdk: '@google/genai',
  isCountExact: false,
  errors: {
    badRequest: { type: ApiError, status: 400, word: 'INVALID_ARGUMENT' },
    unknownModel: { type: ApiError, status: 404, word: 'NOT_FOUND' },
    badKey: { type: ApiError, word: /INVALID_ARGUMENT|UNAUTHENTICATED/ },
    noBalance: { type: ApiError, status: 429, word: 'RESOURCE_EXHAUSTED' },
    rateLimit: { type: ApiError, status: 429, word: 'RESOURCE_EXHAUSTED' },
    upstreamKey: { type: ApiError, status: 503, word: 'UNAVAILABLE' },
    server: { type: ApiError },
    overloaded: { type: ApiError, status: 503, word: 'UNAVAILABLE' },
    midStream: { type: ApiError },
  },

  client: ({ base, key, fetch, retries = 0 }) => new GoogleGenAI({
    apiKey: key,
    httpOptions: { baseUrl: base, fetch, ...(retries ? { retryOptions: { attempts: retries + 1 } } : {}) },
  }),

  async models(client) {
    const ids = [];
    for await (const model of await client.models.list()) {
      ids.push(model.name.replace(/^models\//, ''));
    }
    return ids;
  },

  model: async (client, id) => (await client.models.get({ model: id })).name.replace(/^models\//, ''),

  async text(client, model, prompt, extra) {
    const answer = await client.models.generateContent({ model, contents: ask(prompt), ...extra });
    return { text: answer.text, usage: usageOf(answer.usageMetadata), id: answer.responseId };
  },

  async stream(client, model, prompt, { signal, onDelta, extra } = {}) {
    const stream = await client.models.generateContentStream(
      { model, contents: ask(prompt), config: { abortSignal: signal }, ...extra });
    const seen = { text: '', usage: undefined, finish: undefined };
    for await (const chunk of stream) {
      seen.id = chunk.responseId;
      seen.usage = usageOf(chunk.usageMetadata) ?? seen.usage;
      seen.finish = chunk.candidates?.[0]?.finishReason ?? seen.finish;
      if (chunk.text) {
        seen.text += chunk.text;
        onDelta?.(chunk.text);
      }
    }
    return seen;
  },

  async callTool(client, model, prompt, isStream) {
    const contents = ask(prompt);
    const answer = await run(client, { model, contents, config: { tools } }, isStream);
    const { content, finishReason } = answer.candidates[0];
    const call = content.parts.find((part) => part.functionCall).functionCall;
    return {
      finish: finishReason,
      call: { id: call.id, name: call.name, args: JSON.stringify(call.args) },
      turns: [...contents, content],
    };
  },

  async sendResult(client, model, { call, turns }, output, isStream) {
    const result = { functionResponse: { id: call.id, name: call.name, response: { output } } };
    const contents = [...turns, { role: 'user', parts: [result] }];
    return textOf(await run(client, { model, contents, config: { tools } }, isStream));
  },

  count: async (client, model, prompt) =>
    (await client.models.countTokens({ model, contents: ask(prompt) })).totalTokens,

  finishOfTool: 'STOP',
  finishOfText: 'STOP',
  finishOfFunds: 'MAX_TOKENS',
};
