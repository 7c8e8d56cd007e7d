// What only one of the SDKs has.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claude } from '../lib/clients/claude.mjs';
import { chat } from '../lib/clients/chat.mjs';
import { gemini } from '../lib/clients/gemini.mjs';
import { messages, usages } from '../lib/scripts.mjs';

export const particulars = { chat: chatParticulars, claude: claudeParticulars, gemini: geminiParticulars };

function chatParticulars(rig) {
  test('shows no usage chunk to a client that did not ask, and bills by it all the same', async () => {
    const mark = rig().mark();
    const chunks = [];

    const { entry, record } = await rig().billed(chat, async (client) => {
      const stream = await client.chat.completions.create(
        { model: rig().model(chat, 'text'), messages: [{ role: 'user', content: mark }], stream: true });
      for await (const chunk of stream) {
        chunks.push(chunk);
      }
    });

    assert.ok(chunks.every((chunk) => !('usage' in chunk)), 'a chunk speaks of usage');
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1), 'a chunk has no choices');
    assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join('').slice(0, 5), 'Hello');
    assert.ok(chunks.every((chunk) => chunk.obfuscation), 'a field of the upstream got lost');
    const sent = JSON.parse(record.calls[0].body);
    const truth = await rig().upstream.only(mark);
    assert.deepEqual(truth.json, { ...sent, stream_options: { include_usage: true } });
    assert.equal(entry.usage.input, usages.chat.input);
    assert.equal(entry.usage.output, usages.chat.output);
    assert.equal(entry.is_counted, false);
  });

  test('shows the usage chunk to a client that asked, and no other', async () => {
    const mark = rig().mark();
    const { client, record } = rig().open(chat);
    const stream = await client.chat.completions.create({
      model: rig().model(chat, 'text'), messages: [{ role: 'user', content: mark }], stream: true,
      stream_options: { include_usage: true, include_obfuscation: true },
    });
    const withUsage = [];
    for await (const chunk of stream) {
      if (chunk.usage) {
        withUsage.push(chunk);
      }
    }

    assert.equal(withUsage.length, 1);
    assert.equal(withUsage[0].usage.completion_tokens, usages.chat.output);
    const truth = await rig().upstream.only(mark);
    assert.equal(truth.body, record.calls[0].body, 'a request that asks itself was changed');
  });

  test('passes openai-beta', async () => {
    const mark = rig().mark();
    const { client } = rig().open(chat);

    await client.chat.completions.create(
      { model: rig().model(chat, 'text'), messages: [{ role: 'user', content: mark }] },
      { headers: { 'OpenAI-Beta': 'something=v9' } });

    assert.equal((await rig().upstream.only(mark)).headers['openai-beta'], 'something=v9');
  });
}

function claudeParticulars(rig) {
  test('passes anthropic-beta and anthropic-version as they are, known or not', async () => {
    const mark = rig().mark();
    const { client, record } = rig().open(claude);
    const betas = ['context-management-2025-06-27', 'a-beta-of-next-year-2099-01-01'];

    const answer = await client.beta.messages.create({
      model: rig().model(claude, 'text'), max_tokens: 100, messages: [{ role: 'user', content: mark }], betas,
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    });

    assert.equal(answer.usage.output_tokens, usages.claude.output);
    const truth = await rig().upstream.only(mark);
    const sent = record.calls[0];
    assert.equal(truth.headers['anthropic-beta'].replaceAll(' ', ''), betas.join(','));
    assert.equal(truth.headers['anthropic-version'], sent.headers.get('anthropic-version'));
    assert.equal(truth.body, sent.body);
  });

  test('finds the paths behind a base URL that ends in /v1', async () => {
    const mark = rig().mark();
    const client = claude.client({ base: `${rig().base}/v1`, key: rig().users.claude.key });

    assert.equal((await claude.text(client, rig().model(claude, 'text'), mark)).text.slice(0, 5), 'Hello');
  });
}

function geminiParticulars(rig) {
  test('serves the older paths under /v1beta', async () => {
    const mark = rig().mark();
    const client = gemini.client({ base: rig().base, key: rig().users.gemini.key });
    const old = { httpOptions: { apiVersion: 'v1beta' } };
    const request = { model: rig().model(gemini, 'text'), contents: mark, config: old };

    assert.equal((await client.models.generateContent(request)).text.slice(0, 5), 'Hello');
    let text = '';
    for await (const chunk of await client.models.generateContentStream(request)) {
      text += chunk.text ?? '';
    }
    assert.equal(text.slice(0, 5), 'Hello');
    const names = [];
    for await (const model of await client.models.list({ config: old })) {
      names.push(model.name);
    }
    assert.ok(names.includes(`models/${request.model}`));
  });

  test('raises an error that the upstream reports without an event', async () => {
    const mark = rig().mark();
    let text = '';

    // The SDK knows it for an API error only when it comes in a read of its own, which no sender can promise.
    const { entry } = await rig().billed(gemini, (client) => assert.rejects(
      gemini.stream(client, rig().model(gemini, 'broken-bare'), mark, { onDelta: (delta) => { text += delta; } }),
      (error) => error.message.includes(messages.broken) || /Incomplete JSON/.test(error.message)));

    assert.equal(text, ' hello'.repeat(3));
    assert.equal(entry.outcome, 'upstream_error_after_content');
  });

  test('keeps thought signatures', async () => {
    const mark = rig().mark();
    const { client } = rig().open(gemini);
    const model = rig().model(gemini, 'tool');

    const asked = await gemini.callTool(client, model, mark, true);
    await gemini.sendResult(client, model, asked, 'ok', true);

    const [, second] = rig().upstream.marked(mark);
    assert.ok(second.body.includes('"thoughtSignature":"EpEgCo4gAb4+9vvWwdN/scripted=="'));
  });
}
