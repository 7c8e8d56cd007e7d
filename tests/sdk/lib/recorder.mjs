// A fetch that keeps what an SDK sent and what it got: an SDK shows neither its own bytes nor, in a stream, the
// headers.

export function recorder() {
  const calls = [];
  return {
    calls,

    /** The gateway's name for the last request. */
    requestId: () => calls.at(-1)?.response?.headers.get('x-request-id'),

    /** The gateway's names for all requests, in order. */
    requestIds: () => calls.map((call) => call.response?.headers.get('x-request-id')),

    async fetch(input, init = {}) {
      const call = {
        url: String(input instanceof Request ? input.url : input), method: init.method ?? 'GET',
        headers: new Headers(init.headers), body: typeof init.body === 'string' ? init.body : undefined,
      };
      calls.push(call);
      call.response = await fetch(input, init);
      return call.response;
    },
  };
}
