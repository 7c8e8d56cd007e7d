import createClient from 'openapi-fetch';
import { ProblemError } from './problem';
import type { components, paths } from './schema.gen';

/** Names of the API's shapes. */
export type Schema = components['schemas'];

/**
 * Calls with the session's cookie. The server wants the page's own origin on what changes something; the browser
 * sends that by itself, and no script can forge it.
 */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: 'same-origin',
  headers: { accept: 'application/json' },
  // Looked up at each call, so that tests can put their own in its place.
  fetch: (request) => globalThis.fetch(request),
});

type Result<T> = { data?: T; error?: unknown; response: Response };

/** The answer's body; a ProblemError for everything that is no success. */
export async function answer<T>(call: Promise<Result<T>>): Promise<T> {
  let result: Result<T>;
  try {
    result = await call;
  } catch {
    throw ProblemError.unreachable();
  }
  if (!result.response.ok) {
    throw ProblemError.from(result.error, result.response);
  }
  return result.data as T;
}

/** The header that lets a change through only while nobody else has made one. */
export const ifMatch = (version: number) => ({ 'If-Match': `"${version}"` });

/** The largest page that lists give. */
export const wholePage = { params: { query: { limit: '100' } } };
