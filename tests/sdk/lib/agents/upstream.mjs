// One provider that speaks four dialects and refuses what a strict one would. Whatever the agent asks, its model works
// through the task: a call, another call, the last words. Requests without the shell tool (titles, routing) get words.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { anthropic } from '../dialects/anthropic.mjs';
import { chat } from '../dialects/chat.mjs';
import { gemini } from '../dialects/gemini.mjs';
import { responses } from '../dialects/responses.mjs';
import { noCarriers, Refused } from './claims.mjs';
import { target as chatTarget } from './targets/chat.mjs';
import { signature as claudeSignature, target as claudeTarget } from './targets/claude.mjs';
import { signature as geminiSignature, target as geminiTarget } from './targets/gemini.mjs';
import { encrypted, target as responsesTarget } from './targets/responses.mjs';
import { callFor, lastWords, thoughts, usage } from './task.mjs';

const surfaces = {
  chat: { target: chatTarget, dialect: chat },
  responses: { target: responsesTarget, dialect: responses, opaque: encrypted },
  claude: { target: claudeTarget, dialect: anthropic, opaque: claudeSignature },
  gemini: { target: geminiTarget, dialect: gemini, opaque: geminiSignature },
};

export async function startAgentUpstream() {
  const upstream = new AgentUpstream();
  await upstream.listen();
  return upstream;
}

class AgentUpstream {
  #server = createServer((request, response) => this.#serve(request, response));

  /** Every request: its surface, body, what was served and why it was refused. */
  requests = [];

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request, response) {
    const pieces = [];
    for await (const piece of request) {
      pieces.push(piece);
    }
    const url = new URL(request.url, this.url);
    const [surface, place] = Object.entries(surfaces).find(([, { target }]) => target.path.test(url.pathname)) ?? [];
    const kept = { surface, path: url.pathname, body: Buffer.concat(pieces).toString('utf8'), number: this.requests.length + 1 };
    this.requests.push(kept);
    if (!surface) {
      return write(response, 404, { error: { message: `the upstream has no ${url.pathname}` } });
    }
    try {
      kept.json = JSON.parse(kept.body);
      noCarriers(kept.body);
      place.target.check(kept.json);
    } catch (error) {
      kept.refused = error instanceof Refused ? error.message : String(error.stack);
      return write(response, 400, place.dialect.error(400, kept.refused));
    }
    const turn = turnOf(place, kept, url);
    return url.pathname.endsWith(':streamGenerateContent') || kept.json.stream
      ? stream(response, place.dialect, turn, kept.json)
      : write(response, 200, place.dialect.answer(turn));
  }
}

function turnOf({ target, opaque }, kept, url) {
  const results = target.results(kept.json);
  const call = callFor(target.tools(kept.json), results);
  const hasShell = callFor(target.tools(kept.json), 0) !== undefined;
  kept.call = call;
  return {
    id: `answer_${kept.number}`, model: kept.json.model ?? url.pathname.split(/[/:]/).at(-2), usage,
    thought: hasShell ? { text: thoughts[Math.min(results, thoughts.length - 1)], opaque } : undefined,
    deltas: call ? [] : hasShell ? [lastWords.slice(0, 9), lastWords.slice(9)] : ['Proof of ', 'a word'],
    tool: call && { id: `call_${kept.number}`, ...call },
  };
}

function write(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function stream(response, dialect, turn, request) {
  response.writeHead(200, { 'content-type': dialect.contentType });
  for (const frame of dialect.frames(turn, request)) {
    response.write(frame.text);
  }
  response.end();
}
