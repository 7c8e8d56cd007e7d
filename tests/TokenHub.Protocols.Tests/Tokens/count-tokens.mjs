// Reads a JSON array of texts on standard input and writes how many tokens each has, by js-tiktoken itself.
// usage: node count-tokens.mjs <folder with node_modules> <encoding>
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [modules, encoding] = process.argv.slice(2);
const load = createRequire(join(resolve(modules), 'anchor.cjs'));
const { Tiktoken } = load('js-tiktoken/lite');
const ranks = load(`js-tiktoken/ranks/${encoding}`);
const tokenizer = new Tiktoken(ranks.default ?? ranks);
const texts = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(texts.map((text) => tokenizer.encode(text, [], []).length)));
