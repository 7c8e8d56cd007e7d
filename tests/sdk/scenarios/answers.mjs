// Models, answers and streams, and that the usage a client is told is the usage it pays for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countedTokens, goodScripts, modelOf, surfaces, usages } from '../lib/scripts.mjs';
import { units } from '../lib/usd.mjs';

const text = 'Hello wörld, "你好"\n\\u0041 👋🏽 done.';

export function answers(rig, sdk) {
  test('lists the models and finds one by its name', async () => {
    const { client } = rig().open(sdk);
    const wanted = rig().model(sdk, 'text');

    const models = await sdk.models(client);

    assert.ok(models.includes(wanted), `${wanted} is not among ${models}`);
    assert.equal(new Set(models).size, models.length, 'a model is listed twice');
    if (sdk.surface === 'chat') {
      for (const surface of surfaces) {
        goodScripts.forEach((script) => assert.ok(models.includes(modelOf(surface, script))));
      }
    }
    assert.equal(await sdk.model(client, wanted), wanted);
  });

  test('answers in one piece, and bills what the answer says', async () => {
    const mark = rig().mark();

    const { entry, result, record } = await rig().billed(
      sdk, (client) => sdk.text(client, rig().model(sdk, 'text'), mark));

    assert.equal(result.text, text);
    assert.equal(entry.is_stream, false);
    await checkBill(entry, result, mark);
    const headers = record.calls[0].response.headers;
    assert.equal(headers.get('x-tokenhub-cost'), entry.cost);
    assert.match(headers.get('x-tokenhub-balance'), /^\d+\.\d{8}$/);
  });

  test('streams piece by piece, and bills what the stream says', async () => {
    const mark = rig().mark();
    const deltas = [];

    const { entry, result, record } = await rig().billed(sdk, (client) =>
      sdk.stream(client, rig().model(sdk, 'text'), mark, { onDelta: (delta) => deltas.push(delta) }));

    assert.equal(result.text, text);
    assert.equal(deltas.length, 6, 'pieces were joined or cut');
    assert.equal(result.finish, sdk.finishOfText);
    assert.equal(entry.is_stream, true);
    assert.ok(entry.first_token_ms >= 0);
    await checkBill(entry, result, mark);
    // The head of a stream tells the first hold; the books tell what it had grown to.
    const firstHold = units(record.calls[0].response.headers.get('x-tokenhub-cost'));
    assert.ok(firstHold > 0n && firstHold <= units(entry.hold));
  });

  if (sdk.count) {
    test('counts tokens by the upstream, for nothing', async () => {
      const before = await rig().settledWallet(rig().users[sdk.surface]);
      const { client } = rig().open(sdk);
      const mark = rig().mark();

      assert.equal(await sdk.count(client, rig().model(sdk, 'text'), mark), countedTokens);

      await rig().upstream.only(mark);
      assert.equal((await rig().settledWallet(rig().users[sdk.surface])).balance, before.balance);
    });
  }

  async function checkBill(entry, told, mark) {
    const truth = await rig().upstream.only(mark);
    assert.equal(truth.end, 'ended');
    const served = { cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0, ...usages[sdk.surface] };
    assert.deepEqual(served, { cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0, ...truth.usageServed });
    assert.deepEqual({ cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0, ...told.usage }, served);
    assert.deepEqual(
      {
        input: entry.usage.input, cacheRead: entry.usage.cache_read, cacheWrite5m: entry.usage.cache_write_5m,
        cacheWrite1h: entry.usage.cache_write_1h, output: entry.usage.output, reasoning: entry.usage.reasoning,
      },
      served);
    assert.equal(entry.outcome, 'completed');
    assert.equal(entry.status, 200);
    assert.equal(entry.is_counted, false);
    assert.equal(entry.is_charged, true);
    assert.equal(entry.model, rig().model(sdk, 'text'));
    assert.equal(entry.upstream_id, told.id);
    assert.deepEqual(entry.stages.map((stage) => stage.name), ['hold', 'settle']);
    assert.equal(entry.attempts.length, 1);
  }
}
