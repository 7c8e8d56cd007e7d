// What travels and what does not: the request's bytes and the protocol's own headers reach the upstream, keys never do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upstreamKeys } from '../lib/upstream.mjs';

const unknownFields = {
  a_field_of_next_year: { deep: [1, 2.5e-7, 'ünïcode \u2028 \\ "', null, { x: {} }], '': false },
};

export function headers(rig, sdk) {
  test('passes unknown fields untouched, byte for byte', async () => {
    const mark = rig().mark();
    const { client, record } = rig().open(sdk);
    const extra = sdk.surface === 'gemini' ? { config: { httpOptions: { extraBody: unknownFields } } } : unknownFields;

    await sdk.text(client, rig().model(sdk, 'text'), mark, extra);

    const truth = await rig().upstream.only(mark);
    assert.equal(truth.body, record.calls[0].body);
    assert.ok(truth.body.includes('a_field_of_next_year'), 'the SDK did not send the field');
  });

  test('sends the channel\'s key and no trace of the client\'s', async () => {
    const mark = rig().mark();
    const { client, record } = rig().open(sdk);
    const { key } = rig().users[sdk.surface];

    await sdk.text(client, rig().model(sdk, 'text'), mark);

    const truth = await rig().upstream.only(mark);
    assertUnseen(truth, key);
    const auth = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'].filter((name) => truth.headers[name]);
    assert.equal(auth.length, 1, `the upstream was told who calls by ${auth}`);
    for (const name of ['cookie', 'accept-encoding', 'x-forwarded-for', 'forwarded', 'via']) {
      assert.ok([undefined, 'identity'].includes(truth.headers[name]), `${name} reached the upstream`);
    }
    assert.equal(truth.headers.host, new URL(rig().upstream.url).host);
    assertNothingOfTheAccount(record.calls[0].response.headers);
  });

  const places = {
    'Authorization: Bearer': (key) => [{ authorization: `Bearer ${key}` }, ''],
    'x-api-key': (key) => [{ 'x-api-key': key }, ''],
    'x-goog-api-key': (key) => [{ 'x-goog-api-key': key }, ''],
    '?key=': (key) => [{}, `?key=${key}`],
  };
  for (const [place, put] of Object.entries(places)) {
    test(`takes the key from ${place} and keeps it`, async () => {
      const mark = rig().mark();
      const { client, record } = rig().open(sdk);
      await sdk.text(client, rig().model(sdk, 'text'), mark);
      const [sent] = record.calls;
      const secondMark = rig().mark();
      const [auth, query] = put(rig().users[sdk.surface].key);

      const response = await fetch(sent.url + query, {
        method: 'POST', headers: { 'content-type': 'application/json', cookie: 'client=cookie', ...auth },
        body: sent.body.replace(mark, secondMark),
      });

      assert.equal(response.status, 200, await response.text());
      const truth = await rig().upstream.only(secondMark);
      assertUnseen(truth, rig().users[sdk.surface].key);
      assert.equal(truth.headers.cookie, undefined);
    });
  }
}

function assertUnseen(truth, key) {
  assert.ok(!JSON.stringify(truth.headers).includes(key), 'the key reached the upstream in a header');
  assert.ok(!truth.target.includes(key), 'the key reached the upstream in the address');
}

function assertNothingOfTheAccount(headers) {
  const text = JSON.stringify([...headers]);
  const secrets = ['upstream-cookie', 'org-upstream-secret', 'x-ratelimit-remaining', ...Object.values(upstreamKeys)];
  for (const secret of secrets) {
    assert.ok(!text.includes(secret), `the client was shown ${secret}`);
  }
}
