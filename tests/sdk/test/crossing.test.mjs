// Each official SDK on a model of each dialect: a session with a picture, thoughts and two calls, streamed and not, that
// a strict upstream takes without one refusal; a fixed form; and in the books what the client was told.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgentRig, targets } from '../lib/agents/rig.mjs';
import { commands, lastWords, usage } from '../lib/agents/task.mjs';
import { chat } from '../lib/clients/chat.mjs';
import { claude } from '../lib/clients/claude.mjs';
import { gemini } from '../lib/clients/gemini.mjs';
import { responses } from '../lib/clients/responses.mjs';
import { recorder } from '../lib/recorder.mjs';
import { chatForm, chatSession } from '../lib/sessions/chat.mjs';
import { claudeForm, claudeSession } from '../lib/sessions/claude.mjs';
import { geminiForm, geminiSession } from '../lib/sessions/gemini.mjs';
import { responsesForm, responsesSession } from '../lib/sessions/responses.mjs';
import { until } from '../lib/wait.mjs';

const sdks = [
  { ...chat, session: chatSession, form: chatForm },
  { ...responses, session: responsesSession, form: responsesForm },
  { ...claude, session: claudeSession, form: claudeForm },
  { ...gemini, session: geminiSession, form: geminiForm },
];

let rig;

before(async () => {
  rig = await startAgentRig();
}, { timeout: 180_000 });

after(() => rig?.stop(), { timeout: 60_000 });

for (const sdk of sdks) {
  for (const [surface, target] of Object.entries(targets)) {
    describe(`${sdk.sdk} on a ${surface} channel`, { timeout: 60_000 }, () => {
      for (const isStream of [false, true]) {
        test(isStream ? 'works through a streamed session' : 'works through a session', async () => {
          const { answers, record } = await asked(sdk, target, surface, (client) =>
            sdk.session(client, target.model, isStream));

          assert.equal(answers.at(-1).text, lastWords);
          assert.equal(answers.at(-1).finish, sdk.finishOfText);
          assert.deepEqual(answers.flatMap((answer) => answer.calls).map((call) => JSON.parse(call.args).command), commands);
          assert.ok(answers.slice(0, -1).every((answer) => answer.finish === sdk.finishOfTool), JSON.stringify(answers));
          for (const [i, answer] of answers.entries()) {
            assert.deepEqual(answer.usage, { input: usage.input, cacheRead: usage.cacheRead, output: usage.output });
            await isBilled(record.requestIds()[i], usage);
          }
        });
      }

      test('asks for a form', async () => {
        const { answers: text } = await asked(sdk, target, surface, (client) => sdk.form(client, target.model));
        assert.equal(text, 'Proof of a word');
      });
    });
  }
}

async function asked(sdk, target, surface, act) {
  const record = recorder();
  const client = sdk.client({ base: rig.base, key: rig.key, fetch: record.fetch });
  const from = rig.upstream.requests.length;
  const refused = () => rig.upstream.requests.slice(from).map((request) => request.refused).filter(Boolean);
  const answers = await act(client).catch((error) => {
    throw new Error(`${error.message}; the upstream refused: ${refused().join(' / ') || 'nothing'}`, { cause: error });
  });
  assert.deepEqual(refused(), []);
  assert.ok(rig.upstream.requests.slice(from).every((request) => request.surface === surface), 'another dialect was asked');
  return { answers, record };
}

async function isBilled(id, { input, output, cacheRead }) {
  const entry = await until(`request ${id} in the books`, () => rig.control.find(`/requests/${id}`));
  assert.deepEqual(
    { input: entry.usage.input, output: entry.usage.output, cacheRead: entry.usage.cache_read }, { input, output, cacheRead });
}
