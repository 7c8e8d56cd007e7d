import type { Page } from '@playwright/test';
import { callModel, choose, expect, expectAccessible, expectNoOverflow, signedIn, test } from './fixtures';

test.use({ storageState: signedIn('admin') });

/** Every page and what opens on it, once its data is there. */
const views: Record<string, (page: Page) => Promise<void>> = {
  health: async (page) => {
    await page.goto('/health');
    await page.locator('[role=gridcell][id^=heat-]').first().waitFor();
  },
  'health as a table': async (page) => {
    await page.goto('/health?view=table');
    await page.locator('table').waitFor();
  },
  'channel test': async (page) => {
    await page.goto('/health');
    await page.getByRole('button', { name: /demo-openai/ }).click();
    await page.getByRole('dialog').waitFor();
  },
  channels: async (page) => {
    await page.goto('/channels');
    await page.getByText('demo-openai').waitFor();
  },
  groups: (page) => page.goto('/groups').then(() => page.locator('main h1').waitFor()),
  'dry run': async (page) => {
    await page.goto('/routing');
    await page.locator('input[name=model]').fill('demo-small');
    await page.keyboard.press('Enter');
    await page.locator('table').waitFor();
  },
  'routing settings': async (page) => {
    await page.goto('/routing?tab=settings');
    await page.locator('input[name=attempts_max]').waitFor();
  },
  affinity: async (page) => {
    await page.goto('/affinity');
    await page.getByText('Claude Code').waitFor();
  },
  'affinity rule': async (page) => {
    await page.goto('/affinity');
    await page.getByText('Claude Code').waitFor();
    await page.locator('main header button').first().click();
    await page.getByRole('menuitem', { name: 'Codex' }).click();
    await page.getByRole('dialog').waitFor();
  },
  'not found': (page) => page.goto('/nowhere').then(() => page.locator('h1').waitFor()),
};

test.beforeAll(callModel);

for (const [name, open] of Object.entries(views)) {
  for (const locale of ['en', 'zh'] as const) {
    test(`${name} is accessible and fits, light and dark: ${locale}`, async ({ page }) => {
      await choose(page, 'system', locale);
      await page.emulateMedia({ colorScheme: 'light' });
      await open(page);
      await expectAccessible(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
      await expectAccessible(page);
      await expectNoOverflow(page);
      await page.setViewportSize({ width: 390, height: 844 });
      await expectNoOverflow(page);
    });
  }
}

const problem = {
  type: 'urn:x', title: 'x', status: 503, detail: 'x', code: 'unavailable', request_id: 'req-of-the-fault',
};

for (const [page_, api] of [['/health', '**/health/channels*'], ['/affinity', '**/affinity-rules']] as const) {
  test(`${page_} says what failed, under which id, and tries again`, async ({ page }) => {
    let isDown = true;
    await page.route(api, (route) =>
      isDown
        ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) })
        : route.continue(),
    );
    await page.goto(page_);
    await expect(page.getByRole('alert')).toContainText('A server behind the console does not answer');
    await expect(page.getByRole('alert')).toContainText('req-of-the-fault');
    await expectAccessible(page);
    isDown = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('alert')).toHaveCount(0);
  });
}

test('empty lists say what would be there', async ({ page }) => {
  const nothing = { status: 200, contentType: 'application/json', body: '{"data":[],"next_cursor":null}' };
  for (const list of ['**/health/channels*', '**/api/v1/channels*', '**/api/v1/groups*', '**/affinity-rules']) {
    await page.route(list, (route) => route.fulfill(nothing));
  }
  for (const path of ['/health', '/channels', '/groups', '/affinity']) {
    await page.goto(path);
    await expect(page.getByText(/^No .* yet$/)).toBeVisible();
    await expectAccessible(page);
  }
});

test('a lost network is said and gone when it is back', async ({ page, context }) => {
  // A query that is cut off under way is a fault in the browser's console, and no test of this.
  await page.goto('/affinity', { waitUntil: 'networkidle' });
  await page.getByText('Claude Code').waitFor();
  await context.setOffline(true);
  await expect(page.getByRole('alert')).toContainText('No network');
  await context.setOffline(false);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('language and theme are chosen in the head and kept', async ({ page }) => {
  await page.goto('/channels');
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitemradio', { name: '简体中文' }).click();
  await expect(page.getByRole('heading', { name: '渠道', level: 1 })).toBeVisible();
  await page.getByRole('button', { name: '主题' }).click();
  await page.getByRole('menuitemradio', { name: '深色' }).click();
  await page.reload();
  await expect(page.getByRole('heading', { name: '渠道', level: 1 })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
});

test('on a phone the pages are behind one button', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/health');
  await page.getByRole('button', { name: 'Open navigation' }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('link', { name: 'Routing' }).click();
  await expect(page.getByRole('heading', { name: 'Routing', level: 1 })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});
