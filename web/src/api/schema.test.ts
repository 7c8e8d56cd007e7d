import { readFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('types of the API are those of its description', async () => {
  const text = astToString(await openapi(new URL(`file://${process.cwd()}/../control-plane/openapi.json`)));
  const kept = readFileSync('src/api/schema.gen.ts', 'utf8');
  // The tool puts its own head before what it writes.
  expect(kept.slice(kept.indexOf('export interface paths'))).toBe(text.slice(text.indexOf('export interface paths')));
}, 30_000);
