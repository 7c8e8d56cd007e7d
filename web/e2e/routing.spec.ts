import { expect, signedIn, test } from './fixtures';

test.use({ storageState: signedIn('admin') });

test('a dry run says where a call would go and why', async ({ page }) => {
  await page.goto('/routing');
  await page.getByLabel('Model').fill('demo-small');
  await page.getByLabel('Protocol').selectOption('messages');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('Goes to demo-anthropic')).toBeVisible();
  await expect(page.getByText(/Nothing has to be translated for it/)).toBeVisible();
  const first = page.getByRole('row').nth(1);
  await expect(first).toContainText('demo-anthropic');
  await expect(first).toContainText('own protocol');
  await expect(first).toContainText('$1.00 / $4.00');
  await expect(page.getByRole('row')).toHaveCount(4);
});

test('a bound conversation goes where it is bound', async ({ page }) => {
  await page.goto('/routing');
  await page.getByLabel('Model').fill('demo-small');
  await page.getByLabel('Bound to').selectOption({ label: 'demo-gemini' });
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('Goes to demo-gemini')).toBeVisible();
  await expect(page.getByText(/bound to it/)).toBeVisible();
});

test('a dry run says why a call would be refused', async ({ page }) => {
  await page.goto('/routing');
  await page.getByLabel('Model').fill('nobody-has-it');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.getByText('No channel serves this model')).toBeVisible();
});

test('settings are saved and are there after a reload', async ({ page }) => {
  await page.goto('/routing?tab=settings');
  const wait = page.getByLabel('Longest wait');
  const share = page.getByLabel('Share of retries');
  await wait.fill('45000');
  await expect(page.getByText('45 sec')).toBeVisible();
  await share.fill('12.5');
  await page.getByLabel('Policy').selectOption('least_loaded');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Settings saved')).toBeVisible();
  await page.reload();
  await expect(wait).toHaveValue('45000');
  await expect(share).toHaveValue('12.5');
  await expect(page.getByLabel('Policy')).toHaveValue('least_loaded');
  await page.getByLabel('Policy').selectOption('weighted');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Settings saved')).toBeVisible();
});

test('settings that somebody else saved meanwhile are shown, and nothing is overwritten unseen', async ({ page }) => {
  await page.goto('/routing?tab=settings');
  const [wait, attempts] = [page.getByLabel('Longest wait'), page.getByLabel('Attempts for one request')];
  await wait.fill('31000');
  const other = await page.context().newPage();
  await other.goto('/routing?tab=settings');
  await other.getByLabel('Attempts for one request').fill('3');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByText('Settings saved')).toBeVisible();
  await other.close();

  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Somebody else saved meanwhile');
  await expect(attempts).toHaveValue('3');
  await expect(wait).toHaveValue('31000');
  await attempts.fill('4');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Settings saved')).toBeVisible();
  await page.reload();
  await expect(wait).toHaveValue('31000');
  await expect(attempts).toHaveValue('4');
});

test('a setting out of its bounds is refused at its place, and changes are undone', async ({ page }) => {
  await page.goto('/routing?tab=settings');
  const attempts = page.getByLabel('Attempts for one request');
  const before = await attempts.inputValue();
  await attempts.fill('9');
  await expect(page.getByText('There are unsaved changes.')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(attempts).toHaveAccessibleDescription('must be between 1 and 8');
  await attempts.fill('many');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(attempts).toHaveAccessibleDescription('must be a whole number');
  await page.getByRole('button', { name: 'Undo changes' }).click();
  await expect(attempts).toHaveValue(before);
});
