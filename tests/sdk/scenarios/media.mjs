// Pictures and sound through OpenAI's own client: what it sends arrives, what it gets is what the upstream made, and the
// books have the price of each.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { evaluateFormula, dollars, units } from '../lib/usd.mjs';
import { until } from '../lib/wait.mjs';

const picture = Buffer.from('a picture, as far as anybody here knows').toString('base64');
const speech = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 31) % 256));

const answers = {
  '/v1/images/generations': { created: 1, data: [{ b64_json: picture }, { b64_json: picture }] },
  '/v1/images/edits': {
    created: 1, data: [{ b64_json: picture }], usage: { input_tokens: 60, output_tokens: 1056, total_tokens: 1116 },
  },
  '/v1/audio/transcriptions': { text: 'hello there', usage: { type: 'duration', seconds: 3 } },
  '/v1/audio/translations': { text: 'hello there' },
};

export function media(rig) {
  let upstream;
  let user;
  let asked;

  before(async () => {
    upstream = createServer(async (request, response) => {
      const pieces = [];
      for await (const piece of request) {
        pieces.push(piece);
      }
      asked = { path: request.url, type: request.headers['content-type'], body: Buffer.concat(pieces) };
      const isSpeech = request.url === '/v1/audio/speech';
      response.writeHead(200, { 'content-type': isSpeech ? 'audio/mpeg' : 'application/json' });
      response.end(isSpeech ? speech : JSON.stringify(answers[request.url]));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { control } = rig();
    const free = { input: '0', output: '0' };
    await control.put('/prices', { model: 'dall-e-*', ...free, image: '0.04' });
    await control.put('/prices', { model: 'gpt-image-*', input: '5', output: '40' });
    await control.put('/prices', { model: 'tts-*', ...free, characters: '15' });
    await control.put('/prices', { model: 'whisper-*', ...free, audio_minute: '0.006' });
    user = await rig().addUser('media', '5.00000000');
    await control.post('/channels', {
      name: 'media', provider: 'openai', base_url: `http://127.0.0.1:${upstream.address().port}`,
      credential: { type: 'api_key', api_key: 'sk-upstream-media-1f2e' },
      models: ['dall-e-3', 'gpt-image-1', 'tts-1', 'whisper-1', 'unsold-1'],
    });
    await until('the gateway to know the channel', async () => {
      const { data } = await open().client.models.list();
      return data.some(({ id }) => id === 'whisper-1');
    });
  });

  after(() => upstream?.close());

  function open() {
    const record = {};
    const client = new OpenAI({
      baseURL: `${rig().base}/v1`, apiKey: user.key, maxRetries: 0, logLevel: 'off',
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        record.id = response.headers.get('x-request-id');
        return response;
      },
    });
    return { client, record };
  }

  /** Runs one call, and holds its receipt to the cost and the wallet to the receipt. */
  async function billed(cost, formula, act) {
    const before = await rig().settledWallet(user);
    const { client, record } = open();
    const result = await act(client);
    const entry = await rig().request(record.id);
    const after = await rig().settledWallet(user);
    assert.equal(entry.cost, cost);
    assert.equal(entry.formula, `${formula} = ${cost}`);
    assert.equal(dollars(units(before.balance) - units(after.balance)), cost);
    return { result, entry };
  }

  test('images.generate is charged by the picture', async () => {
    const { result, entry } = await billed('0.08000000', '2 * 0.04000000', (client) =>
      client.images.generate({ model: 'dall-e-3', prompt: 'a house', n: 2, background: 'opaque' }));

    assert.deepEqual(result.data.map((one) => one.b64_json), [picture, picture]);
    assert.equal(entry.usage.images, 2);
  });

  test('images.edit sends its form and is charged by reported tokens', async () => {
    const { result, entry } = await billed(
      '0.04254000', '(60 * 5.00000000 + 1056 * 40.00000000) / 1000000', async (client) => client.images.edit({
        model: 'gpt-image-1', prompt: 'more trees', image: await toFile(Buffer.from([1, 2, 3]), 'a.png'),
      }));

    assert.equal(result.data.length, 1);
    assert.match(asked.type, /^multipart\/form-data; boundary=/);
    assert.ok(asked.body.includes(Buffer.from([1, 2, 3])));
    assert.equal(dollars(evaluateFormula(entry.formula).computed), entry.cost);
  });

  test('audio.speech.create gives the bytes that the upstream made', async () => {
    const { result } = await billed('0.00016500', '(11 * 15.00000000) / 1000000', async (client) => {
      const response = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hello wörld' });
      return Buffer.from(await response.arrayBuffer());
    });

    assert.ok(result.equals(speech));
  });

  test('audio.transcriptions.create is charged by the seconds that the upstream heard', async () => {
    const { result } = await billed('0.00030000', '3000 * 0.00600000 / 60000', async (client) =>
      client.audio.transcriptions.create({ model: 'whisper-1', file: await toFile(wav(2_500), 'a.wav') }));

    assert.equal(result.text, 'hello there');
  });

  test('audio.translations.create is charged by the length of what was sent', async () => {
    const { entry } = await billed('0.00025000', '2500 * 0.00600000 / 60000', async (client) =>
      client.audio.translations.create({ model: 'whisper-1', file: await toFile(wav(2_500), 'a.wav') }));

    assert.equal(entry.is_counted, true);
  });

  test('a model that nothing prices by pictures is refused', async () => {
    await assert.rejects(
      open().client.images.generate({ model: 'unsold-1', prompt: 'a' }), (error) => error.status === 400);
  });
}

function wav(ms) {
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(16_000, 28);
  head.write('data', 36);
  head.writeUInt32LE(16 * ms, 40);
  return Buffer.concat([head, Buffer.alloc(16 * ms)]);
}
