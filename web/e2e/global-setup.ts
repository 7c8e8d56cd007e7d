import { mkdirSync } from 'node:fs';
import { request } from '@playwright/test';
import { admin, controlOf, people, startProduct } from './product';

const builtWithin = 120_000;

/** Starts the product with its demo, makes people of each role, and signs each of them in once. */
export default async function setUp() {
  const product = await startProduct('--demo');
  process.env.CONSOLE_URL = product.console;
  process.env.GATEWAY_URL = product.gateway;
  process.env.DEMO_KEY = /Bearer (sk-hub-\w+)/.exec(await demoCall(product))?.[1] ?? '';
  await builtConsole(product.console);
  const control = await controlOf(product.console);
  mkdirSync('test-results', { recursive: true });
  await Promise.all(Object.values(people).map((person) => control.post('/users', person)));
  await signIn(product.console, 'admin', admin);
  await signIn(product.console, 'member', people.member);
  await signIn(product.console, 'auditor', people.auditor);
  return () => product.stop();
}

async function signIn(console: string, name: string, { email, password }: { email: string; password: string }) {
  const context = await request.newContext({ baseURL: console, extraHTTPHeaders: { origin: console } });
  const answer = await context.post('/api/v1/auth/login', { data: { email, password } });
  if (!answer.ok()) {
    throw new Error(`${email} could not sign in: ${answer.status()} ${await answer.text()}`);
  }
  await context.storageState({ path: `test-results/${name}.json` });
  await context.dispose();
}

// The call is printed after the line that says ready.
async function demoCall(product: { output: string }) {
  await until(() => product.output.includes('Bearer sk-hub-'), 5_000);
  return product.output;
}

async function builtConsole(console: string) {
  await until(async () => (await (await fetch(console)).text()).includes('/assets/'), builtWithin);
}

async function until(holds: () => boolean | Promise<boolean>, within: number) {
  const end = Date.now() + within;
  while (!(await holds())) {
    if (Date.now() > end) {
      throw new Error(`not within ${within} ms: ${holds}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}
