// A provider with a script for each model, in four dialects. It keeps the truth: what it was asked, byte for byte, what
// it served, and whether the caller stayed until the end.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { anthropic } from './dialects/anthropic.mjs';
import { chat } from './dialects/chat.mjs';
import { gemini } from './dialects/gemini.mjs';
import { responses } from './dialects/responses.mjs';
import { countedTokens, plan, retryAfterSeconds, scriptOf } from './scripts.mjs';
import { until } from './wait.mjs';

const dialects = { chat, responses, claude: anthropic, gemini };

/** The key that each provider's channel holds; a request without it is turned away. */
export const upstreamKeys = {
  openai: 'sk-upstream-openai-4b1d', anthropic: 'sk-upstream-anthropic-77aa', gemini: 'AIza-upstream-gemini-c0de',
};

// Frames of one stream leave in separate writes, so that a relay which waits for more is found out.
const frameGapMs = 2;

export async function startUpstream() {
  const upstream = new Upstream();
  await upstream.listen();
  return upstream;
}

class Upstream {
  #server = createServer((request, response) => this.#serve(request, response));
  #sockets = new Set();

  /** Every request, in order of arrival. */
  requests = [];

  async listen() {
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    this.#server.close();
    this.#sockets.forEach((socket) => socket.destroy());
    await once(this.#server, 'close');
  }

  /** The requests whose body holds the mark. */
  marked(mark) {
    return this.requests.filter((request) => request.body.includes(mark));
  }

  /** The one request with the mark in its body; fails when there are more. */
  async only(mark) {
    const found = await until(`a request marked ${mark}`, () => this.marked(mark).length > 0 && this.marked(mark));
    if (found.length !== 1) {
      throw new Error(`${found.length} requests are marked ${mark}`);
    }
    return found[0];
  }

  async #serve(request, response) {
    const pieces = [];
    for await (const piece of request) {
      pieces.push(piece);
    }
    const url = new URL(request.url, this.url);
    const truth = {
      number: this.requests.length + 1, method: request.method, target: request.url, path: url.pathname,
      headers: request.headers, body: Buffer.concat(pieces).toString('utf8'),
      contentServed: 0, usageServed: undefined, end: 'open',
    };
    this.requests.push(truth);
    response.on('close', () => {
      truth.end = truth.end === 'open' ? (response.writableFinished ? 'ended' : 'aborted') : truth.end;
    });
    try {
      await this.#play(truth, url, response);
    } catch (error) {
      truth.fault = error;
      response.destroy();
    }
  }

  async #play(truth, url, response) {
    const place = placeOf(url.pathname);
    if (!place) {
      return answer(response, 404, { error: { message: `the upstream has no ${url.pathname}` } });
    }
    const dialect = dialects[place.surface];
    if (!hasKey(place.surface, truth.headers)) {
      truth.isKeyWrong = true;
      return answer(response, 401, dialect.error(401, 'the channel sent a wrong key'));
    }
    truth.json = JSON.parse(truth.body);
    truth.model = place.model ?? truth.json.model;
    const script = scriptOf(truth.model);
    if (!script || script.surface !== place.surface) {
      return answer(response, 404, dialect.error(400, `the upstream has no model ${truth.model}`));
    }
    if (place.isCount) {
      return answer(response, 200, dialect.count(countedTokens));
    }
    const play = plan(script, dialect, { ...truth.json, model: truth.model }, truth.number);
    if (play.status) {
      const headers = play.status === 429 ? { 'retry-after': String(retryAfterSeconds) } : {};
      return answer(response, play.status, dialect.error(play.status, play.message), headers);
    }
    truth.usageServed = play.turn.usage;
    return place.isStream || truth.json.stream
      ? stream(response, truth, dialect, play)
      : answer(response, 200, dialect.answer(play.turn));
  }
}

function placeOf(path) {
  switch (path) {
    case '/v1/chat/completions': return { surface: 'chat' };
    case '/v1/responses': return { surface: 'responses' };
    case '/v1/messages': return { surface: 'claude' };
    case '/v1/messages/count_tokens': return { surface: 'claude', isCount: true };
    default: {
      const match = /^\/v1(?:beta)?\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/.exec(path);
      return match && {
        surface: 'gemini', model: decodeURIComponent(match[1]),
        isStream: match[2] === 'streamGenerateContent', isCount: match[2] === 'countTokens',
      };
    }
  }
}

function hasKey(surface, headers) {
  switch (surface) {
    case 'claude': return headers['x-api-key'] === upstreamKeys.anthropic;
    case 'gemini': return headers['x-goog-api-key'] === upstreamKeys.gemini;
    default: return headers.authorization === `Bearer ${upstreamKeys.openai}`;
  }
}

// Headers of the provider's account, which no caller may see.
const accountHeaders = {
  'set-cookie': '__cf_bm=upstream-cookie; path=/', 'openai-organization': 'org-upstream-secret',
  'x-ratelimit-remaining-requests': '17', 'anthropic-organization-id': 'org-upstream-secret',
};

function answer(response, status, body, headers = {}) {
  const text = JSON.stringify(body, null, 2);
  response.writeHead(status, {
    'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...accountHeaders, ...headers,
  });
  response.end(text);
}

async function stream(response, truth, dialect, play) {
  response.writeHead(200, { 'content-type': dialect.contentType, 'cache-control': 'no-cache', ...accountHeaders });
  if (play.isAtOnce) {
    response.cork();
  }
  for (const frame of dialect.frames(play.turn, truth.json)) {
    if (play.then && truth.contentServed === play.stopAfter) {
      return breakOff(response, truth, dialect, play);
    }
    if (response.destroyed) {
      return undefined;
    }
    response.write(frame.text);
    truth.contentServed += frame.isContent ? 1 : 0;
    if (!play.isAtOnce) {
      await pause(frameGapMs);
    }
  }
  response.end();
  return undefined;
}

async function breakOff(response, truth, dialect, play) {
  switch (play.then) {
    case 'error':
      response.end(dialect.errorFrame(play.message));
      break;
    case 'bare-error':
      response.end(dialect.bareErrorFrame(play.message));
      break;
    case 'cut':
      truth.end = 'cut';
      response.destroy();
      break;
    default:
      // Says nothing more until the caller goes; a caller that never goes is a failed test, not a hanging one.
      await until('the caller to leave', () => response.destroyed, { within: 30_000 }).catch(() => response.destroy());
  }
}
