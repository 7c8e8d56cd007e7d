import { callModel, expect, signedIn, test } from './fixtures';

test.use({ storageState: signedIn('admin') });

test('a real call through the gateway shows in the strip', async ({ page }) => {
  await callModel();
  await page.goto('/health');
  const row = page.getByRole('row').filter({ hasText: 'demo-openai' });
  const cells = row.locator('[id^=heat-]');
  await expect(cells).toHaveCount(48);
  // A half hour may end between the call and the look.
  const served = row.locator('[id$="-46"], [id$="-47"]').and(page.getByLabel(/Available; Samples [1-9]/));
  await expect(served.first()).toBeVisible({ timeout: 35_000 });
  await expect(cells.first()).toHaveAttribute('aria-label', /No data$/);
  await expect(row).toContainText('100% served');
});

test('arrow keys walk the strips and the figures follow', async ({ page }) => {
  await page.goto('/health');
  const last = page.locator('#heat-0-47');
  await last.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('#heat-1-46')).toBeFocused();
  const label = await page.locator('#heat-1-46').getAttribute('aria-label');
  await expect(page.getByRole('row').nth(1)).toContainText(label?.split(',')[0] ?? '?');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: /^Test / }).nth(1)).toBeFocused();
});

test('the table has the same figures, and the address keeps the view', async ({ page }) => {
  await callModel();
  await page.goto('/health');
  await page.getByRole('button', { name: 'Table' }).click();
  await expect(page).toHaveURL(/view=table/);
  await expect(page.getByRole('cell', { name: 'Available' }).first()).toBeVisible({ timeout: 35_000 });
});

test('a name filters the channels', async ({ page }) => {
  await page.goto('/health');
  await page.getByLabel('Filter by name').fill('gemini');
  await expect(page.getByRole('rowheader')).toHaveCount(1);
  await page.getByLabel('Filter by name').fill('nothing like it');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('rowheader')).toHaveCount(3);
});

test('a channel is tested by hand', async ({ page }) => {
  await page.goto('/health');
  await page.getByRole('button', { name: 'Test demo-anthropic' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Model')).toHaveValue('demo-small');
  await dialog.getByRole('button', { name: 'Send test' }).click();
  await expect(dialog.getByRole('status')).toContainText('It answers');
  await dialog.getByLabel('Model').fill('no such *');
  await dialog.getByRole('button', { name: 'Send test' }).click();
  await expect(dialog.getByRole('status')).toContainText('not valid');
});
