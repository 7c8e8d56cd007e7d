import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import zh from './zh.json';

type Tree = { [key: string]: string | Tree };

const flat = (tree: Tree, path = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : flat(value, `${path}${key}.`),
  );

const branches = /(\b(one|other)|=\d+)\s*\{[^{}]*\}/g;

/** Names that a message takes in: {count} and {count, plural, ...}. */
const namesIn = (text: string) =>
  [...new Set([...text.replaceAll(branches, '').matchAll(/\{(\w+)[,}]/g)].map((match) => match[1]))].toSorted();

describe('messages', () => {
  it('have the same keys in both languages', () => {
    expect(flat(zh).map(([key]) => key)).toEqual(flat(en).map(([key]) => key));
  });

  it('take in the same values in both languages', () => {
    const chinese = new Map(flat(zh));
    for (const [key, text] of flat(en)) {
      expect([key, namesIn(chinese.get(key) ?? '')]).toEqual([key, namesIn(text)]);
    }
  });

  it('are translated', () => {
    const same = flat(en).filter(([key, text]) => new Map(flat(zh)).get(key) === text && /[a-z]{4}/i.test(text));
    const names = /^(channels\.providers|routing\.protocols)\./;
    expect(same.map(([key]) => key).filter((key) => !names.test(key))).toEqual([]);
  });
});

const spoken = new Set(['aria-label', 'title', 'placeholder', 'alt', 'label', 'lead', 'description', 'hint']);
const allowed = new Set(['TokenHub']);

/** Words that stand in the code instead of the messages. */
function wordsIn(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const look = (node: ts.Node) => {
    if (ts.isJsxText(node) && /\p{L}{2}/u.test(node.text) && !allowed.has(node.text.trim())) {
      found.push(`${file}: ${node.text.trim()}`);
    }
    if (ts.isJsxAttribute(node) && spoken.has(node.name.getText()) && node.initializer
      && ts.isStringLiteral(node.initializer) && /\p{L}/u.test(node.initializer.text)) {
      found.push(`${file}: ${node.initializer.text}`);
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

describe('code', () => {
  it('speaks through messages only', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.tsx') && !file.includes('.test.'));
    expect(files.length).toBeGreaterThan(30);
    expect(files.flatMap((file) => wordsIn(`src/${file}`))).toEqual([]);
  });
});
