import { consoleUrl, expect, signedIn, test } from './fixtures';
import { controlOf } from './product';

test.use({ storageState: signedIn('admin') });

test('a rule is made from a preset, edited, moved, flushed and deleted', async ({ page }) => {
  await page.goto('/affinity');
  await page.getByRole('button', { name: 'New rule' }).click();
  await page.getByRole('menuitem', { name: 'Claude Code' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Key source')).toHaveValue(/x-claude-code-session-id/);
  await dialog.getByLabel('Name').fill('Mine');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Mine' });
  await expect(row).toContainText('/v1/messages');

  await row.getByRole('button', { name: 'Actions for Mine' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await dialog.getByLabel('Kept for').fill('7200');
  await expect(dialog.getByText('2 hr after the last answer')).toBeVisible();
  await dialog.getByLabel('Model').fill('claude-*');
  await dialog.getByRole('switch', { name: 'Pinned' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('2 hr');
  await expect(row).toContainText('pinned');

  await expect(page.getByRole('row').last()).toContainText('Mine');
  await row.getByRole('button', { name: 'Move Mine up' }).click();
  await expect(page.getByRole('row').last()).toContainText('Conversation');

  await row.getByRole('switch').click();
  await expect(row.getByRole('switch')).not.toBeChecked();

  await row.getByRole('button', { name: 'Actions for Mine' }).click();
  await page.getByRole('menuitem', { name: 'Flush' }).click();
  await page.getByRole('dialog', { name: 'Flush Mine?' }).getByRole('button', { name: 'Flush' }).click();
  await expect(row).toContainText('Flushed');

  await row.getByRole('button', { name: 'Actions for Mine' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete Mine?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
});

test('what is wrong stands beneath its field, from the page and from the server', async ({ page }) => {
  await page.goto('/affinity');
  await page.getByRole('button', { name: 'New rule' }).click();
  await page.getByRole('menuitem', { name: 'Empty rule' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByLabel('Name')).toHaveAccessibleDescription('is required');
  await dialog.getByLabel('Name').fill('Wrong');
  await dialog.getByLabel('Key source').fill('cookie:x');
  await dialog.getByLabel('Path').fill('/v1/nowhere');
  await dialog.getByLabel('Kept for').fill('9999999');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByLabel('Key source')).toHaveAccessibleDescription(/^must be prefix, or up to 4/);
  await expect(dialog.getByLabel('Path')).toHaveAccessibleDescription(/^must be a path of the gateway/);
  await expect(dialog.getByLabel('Kept for')).toHaveAccessibleDescription('must be between 1 and 604800');
  await expect(dialog.getByLabel('Path')).toHaveAttribute('aria-invalid', 'true');
});

test('a rule that was changed meanwhile is not written over', async ({ page }) => {
  const control = await controlOf(consoleUrl);
  const { id } = await control.post('/affinity-rules', { name: 'Contested', source: 'prefix' });
  await page.goto('/affinity');
  const row = page.getByRole('row').filter({ hasText: 'Contested' });
  await row.getByRole('button', { name: 'Actions for Contested' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await control.patch(`/affinity-rules/${id}`, { ttl_seconds: 60 });
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Kept for').fill('120');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('Somebody changed this rule meanwhile');
  await page.keyboard.press('Escape');
  await expect(row).toContainText('1 min');
});

test('everything bound to a channel is let go', async ({ page }) => {
  await page.goto('/affinity');
  await page.getByLabel('Channel', { exact: true }).selectOption({ label: 'demo-openai' });
  await page.getByRole('button', { name: 'Flush', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Flush' }).click();
  await expect(page.getByText('Flushed demo-openai')).toBeVisible();
});
