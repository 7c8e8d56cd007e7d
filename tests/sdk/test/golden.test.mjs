// Every request of the golden corpus as a strict target of its dialect would take it: what one would refuse is no
// expectation, however well the codecs agree with it.

import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noCarriers } from '../lib/agents/claims.mjs';
import { target as chat } from '../lib/agents/targets/chat.mjs';
import { target as claude } from '../lib/agents/targets/claude.mjs';
import { target as gemini } from '../lib/agents/targets/gemini.mjs';
import { target as responses } from '../lib/agents/targets/responses.mjs';

const targets = { Chat: chat, Responses: responses, Anthropic: claude, Gemini: gemini };

const pairs = fileURLToPath(new URL('../../TokenHub.Protocols.Tests/Crossings/Pairs', import.meta.url));

for (const pair of readdirSync(pairs)) {
  describe(pair, () => {
    for (const scenario of readdirSync(join(pairs, pair))) {
      const file = join(pairs, pair, scenario, 'upstream-request.json');
      if (existsSync(file)) {
        test(scenario, () => {
          const body = readFileSync(file, 'utf8');
          noCarriers(body);
          const json = JSON.parse(body);
          targets[pair.split('-')[1]].check(json, json.generationConfig?.thinkingConfig?.thinkingBudget === undefined);
        });
      }
    }
  });
}
