import { describe, expect, it, vi } from 'vitest';
import { answer, api, ifMatch } from './client';
import { isPassing, ProblemError } from './problem';

const respond = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  vi.spyOn(globalThis, 'fetch').mockResolvedValue(
    new Response(body === undefined ? null : JSON.stringify(body), {
      status, headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers },
    }),
  );

describe('answer', () => {
  it('gives the body', async () => {
    respond(200, { id: 'usr_1' });
    expect(await answer(api.GET('/api/v1/me'))).toEqual({ id: 'usr_1' });
  });

  it('throws the problem with its request id and fields', async () => {
    const errors = [{ field: 'name', code: 'bad_name', message: 'must not be empty' }];
    respond(400, { code: 'invalid_request', title: 'no', status: 400, detail: 'd', request_id: 'r1', errors });
    const fault = await answer(api.GET('/api/v1/me')).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ProblemError);
    expect(fault).toMatchObject({ status: 400, code: 'invalid_request', requestId: 'r1', errors });
  });

  it('knows how long to wait and what is worth another try', async () => {
    respond(429, { code: 'too_many_requests' }, { 'retry-after': '7' });
    const fault = await answer(api.GET('/api/v1/me')).catch((error: unknown) => error);
    expect(fault).toMatchObject({ retryAfter: 7 });
    expect(isPassing(fault)).toBe(true);
    expect(isPassing(new ProblemError({ status: 404, code: 'not_found' }))).toBe(false);
  });

  it('tells a lost network from a refusal', async () => {
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('network'));
    await expect(answer(api.GET('/api/v1/me'))).rejects.toMatchObject({ status: 0, code: 'unreachable' });
  });

  it('survives an answer that is no JSON', async () => {
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('<html>', { status: 502 }));
    await expect(answer(api.GET('/api/v1/me'))).rejects.toMatchObject({ status: 502, code: 'internal_error' });
  });
});

it('versions go into If-Match in quotes', () => {
  expect(ifMatch(7)).toEqual({ 'If-Match': '"7"' });
});
