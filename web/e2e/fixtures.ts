import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

export { expect };

export const consoleUrl = process.env.CONSOLE_URL ?? '';
export const gatewayUrl = process.env.GATEWAY_URL ?? '';

/** Where the sign-ins of the set-up are kept. */
export const signedIn = (name: 'admin' | 'member' | 'auditor') => `test-results/${name}.json`;

// A refusal that a test asks for shows as this in the browser's console.
const ordinary = /^Failed to load resource: the server responded with a status of (4\d\d|503)/;

type Watch = { faults: string[] };

/** Each page is watched: a broken policy, a fault of a script, or a request to anybody else fails its test. */
export const test = base.extend<{ watch: Watch; baseURL: string }>({
  baseURL: consoleUrl,
  watch: [
    async ({ page }, use) => {
      const faults: string[] = [];
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          // oxlint-disable-next-line no-console
          console.error(`policy broken: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
        });
      });
      page.on('console', (message) => {
        if (message.type() === 'error' && !ordinary.test(message.text())) {
          faults.push(message.text());
        }
      });
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('request', (request) => {
        if (!request.url().startsWith(consoleUrl) && !request.url().startsWith('data:')) {
          faults.push(`a request to ${request.url()}`);
        }
      });
      await use({ faults });
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

/** No violation of any impact, by all of axe's rules. */
export async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)).toEqual([]);
}

/** Nothing is wider than the window. */
export async function expectNoOverflow(page: Page) {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
}

/** What a theme and a language are, as the browser says them. */
export async function choose(page: Page, theme: 'light' | 'dark' | 'system', locale: 'en' | 'zh') {
  await page.addInitScript(
    ([chosenTheme, chosenLocale]) => {
      localStorage.setItem('tokenhub.theme', chosenTheme);
      localStorage.setItem('tokenhub.locale', chosenLocale);
    },
    [theme, locale] as const,
  );
}

/** A real call through the gateway. */
export async function callModel() {
  const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.DEMO_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'demo-small', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect(response.status).toBe(200);
  await response.text();
}
