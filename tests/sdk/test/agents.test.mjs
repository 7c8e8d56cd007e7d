// Command-line agents do a whole task through the product, each on a model of every dialect: they read a file, write
// another by what it holds, and end. The upstream refuses whatever its dialect does not have.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgentRig, targets } from '../lib/agents/rig.mjs';
import { agentNames, isInstalled, runAgent } from '../lib/agents/run.mjs';
import { commands, secretWord, usage } from '../lib/agents/task.mjs';
import { until } from '../lib/wait.mjs';

const wanted = (process.env.AGENTS ?? '').split(',').filter(Boolean);
let rig;

before(async () => {
  rig = await startAgentRig();
}, { timeout: 180_000 });

after(() => rig?.stop(), { timeout: 60_000 });

for (const agent of agentNames) {
  describe(`${agent} does its task`, { timeout: 500_000 }, () => {
    for (const [surface, target] of Object.entries(targets)) {
      const isLeftOut = wanted.length > 0 && !wanted.includes(`${agent}-${surface}`);
      const skip = isLeftOut ? 'not asked for'
        : !isInstalled(agent) && `the package of ${agent} could not be installed; run npm ci in tests/sdk/agents`;
      test(`on a ${surface} channel`, { skip, timeout: 120_000 }, () => doesItsTask(agent, surface, target));
    }
  });
}

async function doesItsTask(agent, surface, target) {
  const from = rig.upstream.requests.length;
  const { code, said, proof } = await runAgent(agent, { ...rig, model: target.model });

  const asked = rig.upstream.requests.slice(from);
  const report = `${said.slice(-3_000)}\n${asked.map((r) => `${r.surface} ${r.path} ${r.refused ?? 'taken'}`).join('\n')}`;
  assert.deepEqual(asked.filter((request) => request.refused).map((request) => request.refused), [], report);
  assert.equal(proof, secretWord, report);
  assert.equal(code, 0, report);
  assert.equal(asked.filter((request) => request.call).length, commands.length, report);
  assert.ok(asked.every((request) => request.surface === surface), report);
  await isBilledAsServed(target.model, asked.length);
}

// Each call is in the books with what the upstream says it used, neither more nor less.
async function isBilledAsServed(model, count) {
  const entries = await until(`${count} requests of ${model} in the books`, async () => {
    const page = await rig.control.get(`/requests?model=${model}&limit=100`);
    const own = page.data.filter((entry) => entry.model === model);
    return own.length >= count && own;
  });
  for (const entry of entries) {
    const { usage: billed } = await rig.control.get(`/requests/${entry.id}`);
    assert.equal(billed.input, usage.input);
    assert.equal(billed.output, usage.output);
  }
}
