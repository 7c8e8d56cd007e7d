// Turns the vocabularies of js-tiktoken into the compact tables that RankTable reads.
// usage: node build-ranks.mjs <folder with node_modules> <output folder>
//
// A table is: "THR1", the number of tokens (u32, little-endian), the length of each token in rank order (u8 each),
// then the tokens' bytes one after another.
import { createRequire } from 'node:module';
import { renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [modules, output] = process.argv.slice(2);
const load = createRequire(join(resolve(modules), 'anchor.cjs'));

// Lines of "! <first rank> <base64 token> <base64 token> ...".
function tokensInOrder(ranks) {
  const tokens = [];
  for (const line of ranks.split('\n').filter(Boolean)) {
    const [, first, ...encoded] = line.split(' ');
    encoded.forEach((text, i) => {
      tokens[Number(first) + i] = Buffer.from(text, 'base64');
    });
  }
  return tokens;
}

function build(name) {
  const module = load(`js-tiktoken/ranks/${name}`);
  const tokens = tokensInOrder((module.default ?? module).bpe_ranks);
  const lengths = Buffer.alloc(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const length = tokens[i]?.length ?? 0;
    if (length < 1 || length > 255) {
      throw new Error(`${name}: rank ${i} is missing or ${length} bytes long`);
    }
    lengths[i] = length;
  }

  const head = Buffer.alloc(8);
  head.write('THR1', 'ascii');
  head.writeUInt32LE(tokens.length, 4);
  const path = join(output, `${name}.ranks`);
  writeFileSync(`${path}.new`, Buffer.concat([head, lengths, ...tokens]));
  renameSync(`${path}.new`, path);
}

build('o200k_base');
build('cl100k_base');
