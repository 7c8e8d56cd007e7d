// Refusals and failures: the SDK raises the class that its own provider's answer would have raised.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages, retryAfterSeconds } from '../lib/scripts.mjs';

export function errors(rig, sdk) {
  const raised = async (expected, record, act) => {
    let caught;
    await assert.rejects(act, (error) => {
      caught = error;
      return true;
    });
    const seen = `${caught.constructor.name} ${caught.status}: ${caught.message}`;
    assert.ok(caught instanceof expected.type, seen);
    const { response } = record.calls.at(-1);
    assert.equal(caught.status, response.status, seen);
    if (expected.status) {
      assert.equal(caught.status, expected.status, seen);
    } else {
      assert.ok(expected.word || caught.status >= 500, seen);
    }
    if (expected.code) {
      assert.equal(caught.code, expected.code, seen);
    }
    if (expected.word) {
      assert.match(caught.message, expected.word instanceof RegExp ? expected.word : new RegExp(expected.word));
    }
    assert.ok(caught.message.length > 10, `no reason is given: ${seen}`);
    assert.doesNotMatch(caught.message, /upstream-(secret|openai|anthropic|gemini)|127\.0\.0\.1/, 'it tells too much');
    assert.match(response.headers.get('x-request-id') ?? '', /./, 'no x-request-id');
    return { error: caught, response };
  };

  const refunded = async (record) => {
    const entry = await rig().request(record.requestId());
    assert.equal(entry.outcome, 'upstream_error_before_content');
    assert.equal(entry.is_charged, false);
    assert.equal(entry.cost, '0.00000000');
    assert.deepEqual(entry.stages.map((stage) => stage.name), ['hold', 'refund']);
  };

  const faults = {
    400: ['badRequest', "the upstream's refusal with its message"],
    401: ['upstreamKey', "a refusal of the channel's key as nobody's fault but the gateway's"],
    429: ['rateLimit', "the upstream's rate limit with its retry-after"],
    500: ['server', "the upstream's failure"],
    529: ['overloaded', "the upstream's overload"],
  };
  for (const [status, [kind, title]] of Object.entries(faults)) {
    test(`passes on ${title}`, async () => {
      const user = rig().users[sdk.surface];
      const before = await rig().settledWallet(user);
      const { client, record } = rig().open(sdk);
      const mark = rig().mark();

      const { error, response } = await raised(
        sdk.errors[kind], record, () => sdk.text(client, rig().model(sdk, `error-${status}`), mark));

      if (status === '400') {
        // Anthropic's and Gemini's classes carry the body as it came, where the message's quotes are escaped.
        assert.ok(error.message.replaceAll('\\', '').includes(messages[400]), error.message);
      }
      if (status === '429') {
        assert.equal(response.headers.get('retry-after'), String(retryAfterSeconds));
      }
      assert.ok(rig().upstream.marked(mark).length >= 1);
      await refunded(record);
      assert.equal((await rig().settledWallet(user)).balance, before.balance);
    });
  }

  test('says that a model is unknown', async () => {
    const { client, record } = rig().open(sdk);
    const mark = rig().mark();

    await raised(sdk.errors.unknownModel, record, () => sdk.text(client, 'no-such-model', mark));

    assert.equal(rig().upstream.marked(mark).length, 0);
  });

  test('says that a key is wrong, in a stream too', async () => {
    const { key } = rig().users[sdk.surface];
    const wrong = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    const { client, record } = rig().open(sdk, { key: wrong });
    const mark = rig().mark();

    await raised(sdk.errors.badKey, record, () => sdk.text(client, rig().model(sdk, 'text'), mark));
    await raised(sdk.errors.badKey, record, () => sdk.stream(client, rig().model(sdk, 'text'), mark));

    assert.equal(rig().upstream.marked(mark).length, 0);
  });

  test('says that the balance is out, and no SDK tries again', async () => {
    const poor = await rig().addUser('poor');
    const { client, record } = rig().open(sdk, { key: poor.key, retries: sdk.surface === 'gemini' ? 0 : 2 });
    const mark = rig().mark();

    await raised(sdk.errors.noBalance, record, () => sdk.text(client, rig().model(sdk, 'text'), mark));

    assert.equal(record.calls.length, 1, 'the SDK tried again');
    assert.equal(rig().upstream.marked(mark).length, 0);
    assert.equal((await rig().wallet(poor)).held, '0.00000000');
  });

  test("says that the key's own rate is reached, and when to come back", async () => {
    const { secret } = await rig().addKey(rig().users[sdk.surface].id, { rpm: 1 });
    const { client, record } = rig().open(sdk, { key: secret });
    const mark = rig().mark();
    await sdk.text(client, rig().model(sdk, 'text'), mark);

    const { response } = await raised(
      sdk.errors.rateLimit, record, () => sdk.text(client, rig().model(sdk, 'text'), mark));

    const seconds = Number(response.headers.get('retry-after'));
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `retry-after ${seconds}`);
    assert.equal(rig().upstream.marked(mark).length, 1);
  });
}
