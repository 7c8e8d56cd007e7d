// A tool's round trip: the call, its result, the final answer, with names, ids and arguments as they were.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tool, toolOutput } from '../lib/scripts.mjs';

export function tools(rig, sdk) {
  for (const isStream of [false, true]) {
    test(`carries a tool's call and its result ${isStream ? 'in a stream' : 'in one piece'}`, async () => {
      const mark = rig().mark();
      const model = rig().model(sdk, 'tool');

      const called = (await rig().billed(sdk, (client) => sdk.callTool(client, model, mark, isStream)));
      const asked = called.result;
      assert.deepEqual({ ...asked.call, args: JSON.parse(asked.call.args) }, { ...tool, args: JSON.parse(tool.args) });
      if (sdk.isCountExact) {
        // Where arguments travel as text they must arrive as that very text.
        assert.equal(asked.call.args, tool.args);
      }
      assert.equal(asked.finish, sdk.finishOfTool);
      assert.equal(called.entry.outcome, 'completed');

      const { result: answer } = await rig().billed(
        sdk, (client) => sdk.sendResult(client, model, asked, toolOutput, isStream));

      assert.equal(answer, `The tool said: ${toolOutput}`);
      const [first, second] = rig().upstream.marked(mark);
      assert.ok(second, 'the second turn did not reach the upstream');
      assert.equal(rig().upstream.marked(mark).length, 2);
      assert.deepEqual(toolsOf(second.json), toolsOf(first.json));
    });
  }

  const toolsOf = (request) => {
    assert.ok(request.tools?.length === 1, 'the tools did not reach the upstream');
    return request.tools;
  };
}
