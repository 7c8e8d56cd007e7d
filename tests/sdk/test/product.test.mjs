// One file for all SDKs: the test runner gives each file a process of its own, and the product is started once.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chat } from '../lib/clients/chat.mjs';
import { claude } from '../lib/clients/claude.mjs';
import { gemini } from '../lib/clients/gemini.mjs';
import { responses } from '../lib/clients/responses.mjs';
import { startRig } from '../lib/rig.mjs';
import { answers } from '../scenarios/answers.mjs';
import { books } from '../scenarios/books.mjs';
import { cuts } from '../scenarios/cuts.mjs';
import { errors } from '../scenarios/errors.mjs';
import { headers } from '../scenarios/headers.mjs';
import { media } from '../scenarios/media.mjs';
import { particulars } from '../scenarios/particulars.mjs';
import { paths } from '../scenarios/paths.mjs';
import { tools } from '../scenarios/tools.mjs';

let started;
const rig = () => started;

before(async () => {
  started = await startRig();
}, { timeout: 180_000 });

after(() => started?.stop(), { timeout: 60_000 });

for (const sdk of [chat, responses, claude, gemini]) {
  describe(sdk.sdk, { timeout: 120_000 }, () => {
    answers(rig, sdk);
    tools(rig, sdk);
    headers(rig, sdk);
    cuts(rig, sdk);
    errors(rig, sdk);
    particulars[sdk.surface]?.(rig);
  });
}

describe('paths', { timeout: 30_000 }, () => paths(rig));

describe('pictures and sound', { timeout: 60_000 }, () => media(rig));

describe('the books', { timeout: 60_000 }, () => books(rig));

test('stops cleanly at SIGTERM and leaves no process behind', { timeout: 60_000 }, async () => {
  const rigToStop = started;
  started = undefined;

  const { code, left } = await rigToStop.stop();

  assert.deepEqual(left, []);
  assert.equal(code, 0);
});
