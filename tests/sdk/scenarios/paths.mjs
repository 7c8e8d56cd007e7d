// What no SDK shows, and clients stumble over: refusals of paths, methods and missing keys.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';

export function paths(rig) {
  const call = async (path, init) => {
    const response = await fetch(rig().base + path, init);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };

  test('an unknown path is answered in the shape of OpenAI and names the paths there are', async () => {
    const { status, headers, body } = await call('/v1/no-such-path', { method: 'POST', body: '{}' });

    assert.equal(status, 404);
    assert.match(body.error.message, /\/v1\/chat\/completions.*\/v1\/messages/);
    assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'param', 'type']);
    assert.match(headers.get('x-request-id'), /./);
  });

  const refusals = {
    '/v1/chat/completions': (body) => body.error.message,
    '/v1/responses': (body) => body.error.message,
    '/v1/messages': (body) => body.type === 'error' && body.error.message,
    '/v1beta/models/gemini-text:generateContent': (body) => body.error.code === 401 && body.error.message,
  };
  for (const [path, messageOf] of Object.entries(refusals)) {
    test(`a call of ${path} without a key is told how to send one`, async () => {
      const { status, body } = await call(path, { method: 'POST', body: '{}' });

      assert.equal(status, 401);
      assert.match(messageOf(body), /Authorization/);
      assert.match(messageOf(body), /sk-hub-/);
    });
  }

  test('a websocket is refused with 426, after which Codex speaks HTTP at once', async () => {
    const status = await new Promise((resolve, reject) => {
      request(`${rig().base}/v1/responses`, {
        headers: {
          connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'openai-beta': 'responses_websockets=2026-02-06',
          authorization: `Bearer ${rig().users.responses.key}`,
        },
      })
        .once('response', (response) => resolve(response.resume().statusCode))
        .once('upgrade', (response, socket) => {
          socket.destroy();
          resolve(response.statusCode);
        })
        .once('error', reject)
        .end();
    });

    assert.equal(status, 426);
  });
}
