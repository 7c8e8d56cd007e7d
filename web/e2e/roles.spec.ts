import { expect, expectAccessible, signedIn, test } from './fixtures';

test.describe('an auditor', () => {
  test.use({ storageState: signedIn('auditor') });

  test('reads all and changes nothing', async ({ page }) => {
    await page.goto('/affinity');
    await page.getByText('Claude Code').waitFor();
    await expect(page.locator('main').getByRole('button')).toHaveCount(0);
    await expect(page.getByRole('switch').first()).toBeDisabled();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Routing' }).click();
    await expect(page.getByRole('button', { name: 'Explain' })).toBeVisible();
    await page.goto('/routing?tab=settings');
    await expect(page.getByLabel('Longest wait')).toBeDisabled();
    await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0);
    await expectAccessible(page);
    await page.goto('/health');
    await expect(page.getByRole('rowheader')).toHaveCount(3);
    await expect(page.getByRole('button', { name: /^Test / })).toHaveCount(0);
    await expectAccessible(page);
  });
});

test.describe('a member', () => {
  test.use({ storageState: signedIn('member') });

  test('sees his own and no page that is not for him', async ({ page }) => {
    await page.goto('/health');
    await expect(page.getByText('No channels yet')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Affinity' })).toHaveCount(0);
    await page.goto('/affinity');
    await expect(page.getByRole('alert')).toContainText('Your role does not allow this');
    await expectAccessible(page);
    await page.goto('/routing?tab=settings');
    await expect(page.getByRole('button', { name: 'Explain' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Settings' })).toHaveCount(0);
  });
});
