// Gemini generateContent as the real upstream writes it: CRLF, cumulative usage on each chunk, whole function calls,
// no end marker.

const usageOf = ({ input, cacheRead = 0, output, reasoning = 0 }, part = 1) => {
  const candidates = Math.round((output - reasoning) * part);
  return {
    promptTokenCount: input,
    candidatesTokenCount: candidates,
    totalTokenCount: input + candidates + reasoning,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
    ...(cacheRead ? { cachedContentTokenCount: cacheRead } : {}),
    ...(reasoning ? { thoughtsTokenCount: reasoning } : {}),
  };
};

const chunk = (turn, parts, usage, finish) => ({
  candidates: [{ content: { parts, role: 'model' }, ...(finish ? { finishReason: finish } : {}), index: 0 }],
  usageMetadata: usage, modelVersion: turn.model, responseId: turn.id,
});

const callOf = ({ id, name, args }) => ({
  functionCall: { id, name, args: JSON.parse(args) }, thoughtSignature: 'EpEgCo4gAb4+9vvWwdN/scripted==',
});

const thoughtsOf = ({ thought }) => thought ? [{ text: thought.text, thought: true }] : [];

export const gemini = {
  contentType: 'text/event-stream',

  answer(turn) {
    const parts = [...thoughtsOf(turn), ...(turn.deltas.length ? [{ text: turn.deltas.join('') }] : [])];
    return chunk(turn, turn.tool ? [...parts, callOf(turn.tool)] : parts, usageOf(turn.usage), 'STOP');
  },

  frames(turn) {
    const frames = [];
    const add = (parts, part, finish, isContent) => frames.push({
      text: `data: ${JSON.stringify(chunk(turn, parts, usageOf(turn.usage, part), finish))}\r\n\r\n`, isContent,
    });
    if (turn.thought) {
      add(thoughtsOf(turn), 0, undefined, true);
    }
    turn.deltas.forEach((text, i) => add([{ text }], (i + 1) / (turn.deltas.length + 1), undefined, true));
    if (turn.tool) {
      add([callOf(turn.tool)], 0.9, undefined, true);
    }
    add([{ text: '' }], 1, 'STOP', false);
    return frames;
  },

  error(status, message) {
    return { error: { code: status, message, status: kinds[status] } };
  },

  errorFrame: (message) => `data: ${JSON.stringify(unavailable(message))}\r\n\r\n`,

  /** The other form that is seen: no event at all, but a JSON object by itself. */
  bareErrorFrame: (message) => JSON.stringify(unavailable(message)),

  toolResult(request) {
    const parts = request.contents?.flatMap((content) => content.parts ?? []) ?? [];
    const result = parts.findLast((part) => part.functionResponse)?.functionResponse;
    const sent = parts.findLast((part) => part.functionCall);
    const call = sent?.functionCall;
    return result && {
      id: result.id, output: result.response?.output,
      call: call && { id: call.id, name: call.name, args: JSON.stringify(call.args) },
      signature: sent?.thoughtSignature,
    };
  },

  count: (tokens) => ({ totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] }),
};

const unavailable = (message) => ({ error: { code: 503, message, status: 'UNAVAILABLE' } });

const kinds = {
  400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL', 529: 'UNAVAILABLE',
};
