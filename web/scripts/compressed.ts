import { readFile, readdir, writeFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const texts = new Set(['.js', '.css', '.html', '.svg', '.json']);
const bytesMin = 512;
const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

/** Writes each text of the build a second and third time, compressed once for all who will ask. */
export function compressed(): Plugin {
  let folder = 'dist';
  return {
    name: 'tokenhub:compressed',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      await Promise.all(files.filter((file) => texts.has(extname(file))).map((file) => compress(join(folder, file))));
    },
  };
}

async function compress(file: string) {
  const bytes = await readFile(file);
  if (bytes.length < bytesMin) {
    return;
  }
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await writeFile(`${file}.br`, await brotli(bytes, options));
  await writeFile(`${file}.gz`, await deflate(bytes, { level: 9 }));
}
