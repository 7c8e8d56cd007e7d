// The scripted upstream is what its SDKs take for their provider: they are tried on it without the product between.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chat } from '../lib/clients/chat.mjs';
import { claude } from '../lib/clients/claude.mjs';
import { gemini } from '../lib/clients/gemini.mjs';
import { responses } from '../lib/clients/responses.mjs';
import { recorder } from '../lib/recorder.mjs';
import { modelOf, tool, usages } from '../lib/scripts.mjs';
import { startUpstream, upstreamKeys } from '../lib/upstream.mjs';
import { until } from '../lib/wait.mjs';

let upstream;

before(async () => {
  upstream = await startUpstream();
});

after(() => upstream.close());

for (const sdk of [chat, responses, claude, gemini]) {
  describe(`the scripted upstream for ${sdk.sdk}`, { timeout: 30_000 }, () => {
    const open = () => {
      const key = { claude: upstreamKeys.anthropic, gemini: upstreamKeys.gemini }[sdk.surface] ?? upstreamKeys.openai;
      const record = recorder();
      // This SDK sends its key as a bearer token; the provider's own keys, which a channel holds, go into x-api-key.
      const withKey = (init) => ({ ...init, headers: { ...Object.fromEntries(init.headers), 'x-api-key': key } });
      const fetch = sdk.surface === 'claude' ? (url, init) => record.fetch(url, withKey(init)) : record.fetch;
      return sdk.client({ base: upstream.url, key, fetch });
    };
    const model = (script) => modelOf(sdk.surface, script);

    test('answers and streams the same', async () => {
      const whole = await sdk.text(open(), model('text'), 'direct');
      const streamed = await sdk.stream(open(), model('text'), 'direct');

      assert.equal(streamed.text, whole.text);
      for (const { usage } of [whole, streamed]) {
        assert.deepEqual({ ...usages[sdk.surface], ...usage }, usages[sdk.surface]);
      }
      assert.equal(streamed.finish, sdk.finishOfText);
    });

    test('calls a tool and hears of its result', async () => {
      for (const isStream of [false, true]) {
        const asked = await sdk.callTool(open(), model('tool'), 'direct', isStream);
        assert.deepEqual(JSON.parse(asked.call.args), JSON.parse(tool.args));
        assert.equal(asked.finish, sdk.finishOfTool);
        assert.match(await sdk.sendResult(open(), model('tool'), asked, '42', isStream), /said: 42/);
      }
    });

    test('fails in each of its ways', async () => {
      for (const [status, kind] of [[400, 'badRequest'], [429, 'rateLimit'], [500, 'server']]) {
        await assert.rejects(sdk.text(open(), model(`error-${status}`), 'direct'), sdk.errors[kind].type);
      }
      await assert.rejects(sdk.stream(open(), model('broken'), 'direct'), sdk.errors.midStream.type);
      await assert.rejects(sdk.stream(open(), model('cut'), 'direct'), Error);
    });

    test('notices a client that leaves', async () => {
      const abort = new AbortController();
      await sdk.stream(open(), model('slow'), 'direct leave', { signal: abort.signal, onDelta: () => abort.abort() })
        .catch((error) => assert.ok(abort.signal.aborted, error));

      await until('the abort', () => upstream.requests.at(-1).end === 'aborted');
    });

    if (sdk.count) {
      test('counts', async () => assert.equal(await sdk.count(open(), model('text'), 'direct'), 4321));
    }
  });
}
