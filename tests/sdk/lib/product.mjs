// The real product, started by the one command a user would type and stopped the way he would.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const assembly = join(
  repository, 'control-plane/TokenHub.Standalone/bin/Release/net10.0/TokenHub.Standalone.dll');

const startWithin = 120_000;
const stopWithin = 45_000;

export const admin = { email: 'admin@localhost', password: 'sdk-tests-admin-password' };

export async function startProduct(...args) {
  if (!existsSync(assembly)) {
    throw new Error(`${assembly} is missing; build it: dotnet build TokenHub.sln -c Release`);
  }
  const product = new Product(args);
  await product.start();
  return product;
}

class Product {
  #folder = mkdtempSync(join(tmpdir(), 'tokenhub-sdk-'));
  #process;
  #args;
  #exit;
  #stopOnExit = () => this.#process.kill('SIGTERM');

  output = '';

  constructor(args) {
    this.#args = args;
  }

  async start() {
    // PostgreSQL drops root's rights, so its folder's parents must be open to others.
    chmodSync(this.#folder, 0o755);
    const [gateway, console] = await freePorts(2);
    this.#process = spawn('dotnet', [assembly, ...this.#args], {
      cwd: this.#folder, env: this.#environment(gateway, console), stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', this.#stopOnExit);
    this.#exit = new Promise((resolve) => this.#process.once('exit', (code, signal) => resolve({ code, signal })));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { this.output += text; });
    }
    const ready = await this.#ready();
    this.gateway = ready[1];
    this.console = ready[2];
  }

  /** Stops everything; what it returns must be empty: processes that are still there. */
  async stop() {
    const { code, signal } = await this.#end();
    const left = await until(
      'every process of the product to end', () => this.processes().length === 0 && [], { within: 5_000 })
      .catch(() => this.processes());
    rmSync(this.#folder, { recursive: true, force: true });
    return { code, signal, left };
  }

  /** The processes that work for this run: all of them name its folder, in their arguments or their environment. */
  processes() {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map((id) => ({ id, command: readProc(id, 'cmdline'), environment: readProc(id, 'environ') }))
      .filter(({ command, environment }) => (command + environment).includes(this.#folder))
      .map(({ id, command }) => `${id} ${command.replaceAll('\0', ' ')}`);
  }

  /** The last lines of each part's log, for the report of a failed start. */
  logs() {
    const folder = join(this.#folder, 'data', 'logs');
    return existsSync(folder)
      ? readdirSync(folder).map((name) => `== ${name}\n${readFileSync(join(folder, name), 'utf8').slice(-4_000)}`)
        .join('\n')
      : '';
  }

  async #end() {
    this.#process.kill('SIGTERM');
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), stopWithin);
    const exit = await this.#exit;
    clearTimeout(kill);
    process.off('exit', this.#stopOnExit);
    return exit;
  }

  #environment(gateway, console) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOKENHUB_'));
    return {
      ...Object.fromEntries(inherited),
      TOKENHUB_DATA_DIR: join(this.#folder, 'data'),
      TOKENHUB_GATEWAY_BIND: `127.0.0.1:${gateway}`,
      TOKENHUB_CONSOLE_BIND: `127.0.0.1:${console}`,
      TOKENHUB_ALLOW_PRIVATE_UPSTREAMS: 'true',
      TOKENHUB_ALLOW_INSECURE_UPSTREAMS: 'true',
      TOKENHUB_ADMIN_EMAIL: admin.email,
      TOKENHUB_ADMIN_PASSWORD: admin.password,
    };
  }

  async #ready() {
    let ended;
    this.#exit.then((exit) => { ended = exit; });
    const line = /^ready gateway=(\S+) console=(\S+)$/m;
    try {
      return await until('the line that says ready', () => {
        if (ended) {
          throw new Error(`the product ended with ${ended.code ?? ended.signal}`);
        }
        return line.exec(this.output);
      }, { within: startWithin, every: 50 });
    } catch (error) {
      await this.#end();
      throw new Error(`${error.message}\n${this.output}\n${this.logs()}`);
    }
  }
}

function readProc(id, file) {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    // It ended meanwhile, or belongs to somebody else.
    return '';
  }
}

// Below what the system gives to outgoing connections: the product binds them seconds later.
async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) {
    const port = randomInt(10_240, 32_768);
    if (await isFree(port)) {
      ports.add(port);
    }
  }
  return [...ports];
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
