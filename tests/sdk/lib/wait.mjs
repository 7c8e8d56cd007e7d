import { setTimeout as pause } from 'node:timers/promises';

/** Polls until the probe gives something other than undefined, null or false; fails with what was waited for. */
export async function until(what, probe, { within = 10_000, every = 25 } = {}) {
  const deadline = performance.now() + within;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) {
      return found;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${within} ms: ${what}`);
    }
    await pause(every);
  }
}

/** The promise's result, or an error that names what did not come. */
export async function within(what, promise, limit = 10_000) {
  const stop = new AbortController();
  try {
    return await Promise.race([
      promise,
      pause(limit, undefined, { signal: stop.signal }).then(() => {
        throw new Error(`not within ${limit} ms: ${what}`);
      }),
    ]);
  } finally {
    stop.abort();
  }
}
