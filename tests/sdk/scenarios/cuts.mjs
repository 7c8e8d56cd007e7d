// Answers that do not reach their end: the client leaves, the upstream breaks off, the upstream reports an error.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages, slowWords, usages } from '../lib/scripts.mjs';
import { until } from '../lib/wait.mjs';

export function cuts(rig, sdk) {
  test('closes the upstream when the client leaves, and bills what was served', async () => {
    const mark = rig().mark();
    const abort = new AbortController();
    let received = 0;

    const { entry } = await rig().billed(sdk, async (client) => {
      await sdk.stream(client, rig().model(sdk, 'slow'), mark, {
        signal: abort.signal,
        onDelta() {
          received += 1;
          if (received === slowWords) {
            abort.abort();
          }
        },
      }).catch((error) => assert.ok(abort.signal.aborted, error));
      const truth = await rig().upstream.only(mark);
      await until('the upstream to see its caller leave', () => truth.end === 'aborted', { within: 5_000 });
    });

    assert.equal(received, slowWords);
    assert.equal(entry.outcome, 'client_cut');
    assert.equal(entry.is_charged, true);
    assert.equal(entry.status, 200);
    checkServed(entry, slowWords);
  });

  test('raises an error when the upstream is cut off in mid-stream', async () => {
    const mark = rig().mark();
    let text = '';

    const { entry } = await rig().billed(sdk, (client) => assert.rejects(
      sdk.stream(client, rig().model(sdk, 'cut'), mark, { onDelta: (delta) => { text += delta; } }),
      (error) => error instanceof Error));

    assert.equal(text, ' hello'.repeat(3), 'what came before the cut did not arrive');
    assert.equal((await rig().upstream.only(mark)).end, 'cut');
    assert.equal(entry.outcome, 'upstream_error_after_content');
    checkServed(entry, 3);
  });

  test('raises the error that the upstream reports in mid-stream', async () => {
    const mark = rig().mark();
    let text = '';

    const { entry } = await rig().billed(sdk, (client) => assert.rejects(
      sdk.stream(client, rig().model(sdk, 'broken'), mark, { onDelta: (delta) => { text += delta; } }),
      (error) => {
        assert.ok(error instanceof sdk.errors.midStream.type, `${error?.name}: ${error?.message}`);
        assert.ok(error.message.includes(messages.broken), error.message);
        return true;
      }));

    assert.equal(text, ' hello'.repeat(3));
    await rig().upstream.only(mark);
    assert.equal(entry.outcome, 'upstream_error_after_content');
    checkServed(entry, 3);
  });

  // No usage was reported for the whole answer, so the gateway says what it counted: never less than what the client
  // got, never more than what the upstream gave.
  function checkServed(entry, words) {
    const { input, output } = entry.usage;
    if (sdk.isCountExact) {
      assert.equal(output, words);
      assert.equal(entry.is_counted, true);
    } else {
      assert.ok(output >= 1 && output <= words * ' hello'.length + usages.gemini.reasoning, `output ${output}`);
    }
    if (sdk.surface === 'claude' || sdk.surface === 'gemini') {
      assert.equal(input, usages[sdk.surface].input, 'the upstream had reported the input');
    } else {
      assert.ok(input >= 1 && input <= 200, `input ${input}`);
    }
  }
}
