// Answers that do not reach their end: the client leaves, the upstream breaks off or reports an error, money is out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longWords, messages, slowWords, usages } from '../lib/scripts.mjs';
import { units } from '../lib/usd.mjs';
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

  const broken = {
    broken: 'raises the error that the upstream reports in mid-stream',
    burst: 'raises the error that comes in one read with all of the content, and bills the content',
  };
  for (const [script, title] of Object.entries(broken)) test(title, async () => {
    const mark = rig().mark();
    let text = '';

    const { entry } = await rig().billed(sdk, (client) => assert.rejects(
      sdk.stream(client, rig().model(sdk, script), mark, { onDelta: (delta) => { text += delta; } }),
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

  test('ends a stream where the money ends, as if the model had reached its limit', async () => {
    const mark = rig().mark();
    const user = await rig().addUser('small', '0.01200000');
    let pieces = 0;

    const { entry, result } = await rig().billed(sdk, (client) =>
      sdk.stream(client, rig().model(sdk, 'long'), mark, { onDelta: () => { pieces += 1; } }), user);

    assert.equal(result.finish, sdk.finishOfFunds);
    assert.ok(pieces > 100 && pieces < longWords, `${pieces} pieces`);
    assert.equal(result.text, ' hello'.repeat(pieces), 'the text was cut within a piece');
    assert.equal(entry.outcome, 'funds_exhausted');
    assert.equal(entry.is_charged, true);
    const truth = await rig().upstream.only(mark);
    await until('the upstream to be let go', () => truth.end !== 'open', { within: 5_000 });
    assert.equal(truth.end, 'aborted');
    assert.equal(result.usage.output, entry.usage.output, 'what the client was told is not what was billed');
    assert.equal(result.usage.input, entry.usage.input);
    assert.equal(result.usage.cacheRead ?? 0, entry.usage.cache_read);
    if (sdk.isCountExact) {
      assert.equal(entry.usage.output, pieces, 'what is billed is not what was received');
    }
    const { balance } = await rig().settledWallet(user);
    assert.ok(units(balance) >= 0n && units(balance) < units('0.00100000'), `the balance is left at ${balance}`);
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
