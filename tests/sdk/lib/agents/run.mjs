// The agents as a user runs them: headless, in a folder and a home of their own, with nothing but a base URL and a key.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prompt, secretWord } from './task.mjs';

const bin = fileURLToPath(new URL('../../agents/node_modules/.bin/', import.meta.url));
const limitMs = 90_000;

const agents = {
  claude: {
    command: 'claude',
    args: (model) => ['-p', prompt, '--model', model, '--allowedTools', 'Bash', '--output-format', 'json'],
    env: (base, key, model) => ({
      ANTHROPIC_BASE_URL: base, ANTHROPIC_AUTH_TOKEN: key, ANTHROPIC_MODEL: model, ANTHROPIC_SMALL_FAST_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_MAX_RETRIES: '1',
    }),
  },
  codex: {
    command: 'codex',
    args: (model) => [
      'exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '-m', model, prompt,
    ],
    env: (base, key) => ({ TOKENHUB_TEST_KEY: key }),
    prepare(home, base) {
      mkdirSync(join(home, '.codex'));
      writeFileSync(join(home, '.codex', 'config.toml'), [
        'model_provider = "hub"', '[model_providers.hub]', 'name = "hub"', `base_url = "${base}/v1"`,
        'env_key = "TOKENHUB_TEST_KEY"', 'wire_api = "responses"', 'request_max_retries = 1',
        'stream_max_retries = 1', '',
      ].join('\n'));
    },
  },
  gemini: {
    command: 'gemini',
    args: (model) => ['-m', model, '--yolo', '--skip-trust', '-p', prompt],
    env: (base, key) => ({ GOOGLE_GEMINI_BASE_URL: base, GEMINI_API_KEY: key, GEMINI_CLI_NO_RELAUNCH: 'true' }),
    prepare(home) {
      mkdirSync(join(home, '.gemini'));
      writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } }, general: { disableAutoUpdate: true },
        privacy: { usageStatisticsEnabled: false },
      }));
    },
  },
};

export const agentNames = Object.keys(agents);

export const isInstalled = (name) => existsSync(join(bin, agents[name].command));

/** Runs an agent on the task. Gives what it said, its exit code, and what the task's file holds in the end. */
export async function runAgent(name, { base, key, model }) {
  const agent = agents[name];
  const folder = mkdtempSync(join(tmpdir(), `tokenhub-${name}-`));
  const [home, work] = [join(folder, 'home'), join(folder, 'work')];
  mkdirSync(home);
  mkdirSync(work);
  writeFileSync(join(work, 'word.txt'), `${secretWord}\n`);
  agent.prepare?.(home, base);
  try {
    const { code, said } = await run(join(bin, agent.command), agent.args(model), work, {
      PATH: process.env.PATH, HOME: home, TMPDIR: folder, TERM: 'dumb', CI: '1', ...agent.env(base, key, model),
    });
    const proof = join(work, 'proof.txt');
    return { code, said, proof: existsSync(proof) ? readFileSync(proof, 'utf8').trim() : undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function run(command, args, cwd, env) {
  return new Promise((resolve, reject) => {
    // A group of its own: what an agent has started ends with it.
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let said = '';
    const stop = setTimeout(() => {
      said += '\n(ended after its time)';
      process.kill(-child.pid, 'SIGKILL');
    }, limitMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { said += text; });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(stop);
      resolve({ code, said });
    });
  });
}
