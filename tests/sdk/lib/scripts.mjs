// What the upstream does for a model: the name ends in the script's, as in `chat-text` or `gpt-4o-chat-slow`.

export const surfaces = ['chat', 'responses', 'claude', 'gemini'];

/** Text that a careless relay would damage: several bytes a letter, quotes, line ends, a letter of four bytes. */
const deltas = ['Hello', ' wörld,', ' "你好"\n', '\\u0041 ', '👋🏽', ' done.'];

/** Each a single token of o200k, so that what was served can be counted by counting them. */
const words = (count) => Array.from({ length: count }, () => ' hello');

export const tool = {
  id: 'call_A1b2-C3', name: 'get_weather',
  args: '{"city":"Zürich \\"Süd\\" 東京","days":3,"nested":{"a":[1,2.50,null,true]},"empty":""}',
};

export const toolOutput = '{"temp_c":21.5,"sky":"wolkig ☁"}';

export const usages = {
  chat: { input: 1234, cacheRead: 200, output: 57, reasoning: 11 },
  responses: { input: 2345, cacheRead: 301, output: 61, reasoning: 13 },
  claude: { input: 3456, cacheRead: 400, cacheWrite5m: 77, cacheWrite1h: 33, output: 67 },
  gemini: { input: 4567, cacheRead: 500, output: 71, reasoning: 17 },
};

export const countedTokens = 4321;

export const slowWords = 5;

export const messages = {
  400: 'Unsupported value: "temperature" does not support 7 with this model.',
  401: 'Incorrect API key provided: sk-upstream-secret-9f8e7d.',
  429: 'Rate limit reached for requests per minute.',
  500: 'The server had an error while processing your request.',
  529: 'Overloaded',
  broken: 'The server broke off in the middle.',
};

export const retryAfterSeconds = 7;

/** Faults stand on channels of their own: what one does to a channel's health must not touch the next scenario. */
export const faultScriptsOf = (surface) => [
  'error-400', 'error-401', 'error-429', 'error-500', 'error-529', 'broken', 'burst', 'cut',
  ...(surface === 'gemini' ? ['broken-bare'] : []),
];

export const goodScripts = ['text', 'tool', 'slow', 'long'];

/** More words than a small wallet can pay for. */
export const longWords = 3_000;

export function modelOf(surface, script) {
  // The names decide the vocabulary: for these the gateway's own count is exact.
  return surface === 'chat' || surface === 'responses' ? `gpt-4o-${surface}-${script}` : `${surface}-${script}`;
}

/** The surface and the script that a model's name says, or undefined. */
export function scriptOf(model) {
  const match = /(?:^|-)(chat|responses|claude|gemini)-(.+)$/.exec(model ?? '');
  return match ? { surface: match[1], name: match[2] } : undefined;
}

/** What is served: a turn for the dialect to write, and how it ends. */
export function plan({ surface, name }, dialect, request, number) {
  const error = /^error-(\d+)$/.exec(name);
  if (error) {
    const status = Number(error[1]);
    return { status, message: messages[status] };
  }
  const turn = { id: `${surface}_${number}`, model: request.model, usage: usages[surface], deltas };
  switch (name) {
    case 'text':
      return { turn };
    case 'tool': {
      const result = dialect.toolResult(request);
      return result
        ? { turn: { ...turn, deltas: ['The tool', ` said: ${result.output}`] } }
        : { turn: { ...turn, deltas: [], tool } };
    }
    case 'long':
      return { turn: { ...turn, deltas: words(longWords), usage: { input: 12, output: longWords } } };
    case 'slow':
      return { turn: { ...turn, deltas: words(40) }, stopAfter: slowWords, then: 'hold' };
    case 'broken':
      return { turn: { ...turn, deltas: words(40) }, stopAfter: 3, then: 'error', message: messages.broken };
    case 'burst':
      return { ...plan({ surface, name: 'broken' }, dialect, request, number), isAtOnce: true };
    case 'broken-bare':
      return { turn: { ...turn, deltas: words(40) }, stopAfter: 3, then: 'bare-error', message: messages.broken };
    case 'cut':
      return { turn: { ...turn, deltas: words(40) }, stopAfter: 3, then: 'cut' };
    default:
      return { status: 404, message: `no script ${name}` };
  }
}
