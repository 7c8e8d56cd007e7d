import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from './fixtures';

const assets = 'dist/assets';
const kb = 1000;

/** Size of an asset as gzip sends it. */
const zipped = (name: string) => {
  const small = `${assets}/${name}.gz`;
  return statSync(readdirSync(assets).includes(`${name}.gz`) ? small : `${assets}/${name}`).size;
};

test('the first page is light', async ({ page }) => {
  const names: string[] = [];
  page.on('request', (request) => {
    const name = /\/assets\/(.+)$/.exec(request.url())?.[1];
    if (name) {
      names.push(name);
    }
  });
  await page.goto('/login', { waitUntil: 'networkidle' });
  const sum = (end: string) => names.filter((name) => name.endsWith(end)).reduce((all, name) => all + zipped(name), 0);
  expect(names.length).toBeGreaterThan(1);
  expect(sum('.js')).toBeLessThanOrEqual(180 * kb);
  expect(sum('.css')).toBeLessThanOrEqual(15 * kb);
  expect(sum('')).toBeLessThanOrEqual(250 * kb);
});

test('no other chunk is heavy', () => {
  const entry = /assets\/(index-[^"]+\.js)/.exec(readFileSync('dist/index.html', 'utf8'))?.[1];
  const chunks = readdirSync(assets).filter((name) => name.endsWith('.js') && name !== entry);
  expect(chunks.length).toBeGreaterThan(4);
  expect(chunks.filter((name) => zipped(name) > 60 * kb)).toEqual([]);
});

test('the page is asked for each time, its parts never again', async ({ request }) => {
  const page = await request.get('/');
  expect(page.headers()['cache-control']).toBe('no-cache');
  const asset = /\/assets\/[^"]+\.js/.exec(await page.text())?.[0] ?? '';
  const answer = await request.get(asset, { headers: { 'accept-encoding': 'br' } });
  expect(answer.headers()['cache-control']).toContain('immutable');
  expect(answer.headers()['content-encoding']).toBe('br');
  expect(answer.headers()['content-security-policy']).not.toContain('unsafe');
});
