/** The bench must not flatter: what it compares, what it calls a median, and what its table says. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { differences } from '../../bench/compare.ts';
import { content } from '../../bench/data/content.ts';
import { report } from '../../bench/report.ts';
import { newestResult } from '../../bench/result.ts';
import { median, pairedRatio } from '../../bench/statistics.ts';
import { sha256 } from '../../src/codec/identity.ts';

test('bench/README.md is made from the newest result and nothing else', () => {
  const newest = newestResult();
  expect(newest).toBeDefined();
  const readme = readFileSync(path.join(import.meta.dirname, '../../bench/README.md'), 'utf8');
  expect(readme).toBe(report(newest!.result, newest!.name));
});

test('generated content is the same every time', () => {
  const kinds = ['noise', 'text', 'records'] as const;
  for (const kind of kinds) expect(content(kind, 7, 100_000)).toEqual(content(kind, 7, 100_000));
  expect(kinds.map((kind) => sha256(content(kind, 7, 100_000)).slice(0, 8))).toMatchInlineSnapshot(`
    [
      "4ca6ef45",
      "369f3e54",
      "7b74914b",
    ]
  `);
});

test('a median is not moved by one slow round, and ratios are of pairs', () => {
  expect(median([1, 100, 2])).toBe(2);
  expect(median([1, 2, 3, 100])).toBe(2.5);
  expect(pairedRatio([1, 10, 3], [2, 20, 6])).toBe(0.5);
  expect(() => pairedRatio([1], [1, 2])).toThrow('no pairs');
});

describe('a restored tree is the same only when everything is', () => {
  let folder: string;
  let original: string;
  let restored: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tidemark-'));
    original = path.join(folder, 'original');
    restored = path.join(folder, 'restored');
    mkdirSync(path.join(original, 'inside'), { recursive: true });
    writeFileSync(path.join(original, 'inside', 'file'), 'bytes');
    symlinkSync('inside', path.join(original, 'link'));
    for (const name of ['inside/file', 'inside']) utimesSync(path.join(original, name), 1, 1);
    cpSync(original, restored, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    utimesSync(path.join(restored, 'inside'), 1, 1);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Links have times of their own, which a copy does not keep. */
  const found = (): string[] =>
    differences(original, restored).filter((what) => !what.startsWith('link: was modified'));

  test('a faithful copy', () => {
    expect(found()).toEqual([]);
  });

  test('a time of a folder may be said to be none of a difference, that of a file not', () => {
    utimesSync(path.join(restored, 'inside'), 1, 2);
    const lenient = (): string[] => differences(original, restored, 'times of folders and links');
    expect(found()).toHaveLength(1);
    expect(lenient()).toEqual([]);
    utimesSync(path.join(restored, 'inside', 'file'), 1, 2);
    expect(lenient()).toHaveLength(1);
  });

  test.each<[string, () => void, string]>([
    ['a file is missing', () => rmSync(path.join(restored, 'inside', 'file')), 'is missing'],
    ['a file too many', () => writeFileSync(path.join(restored, 'more'), ''), 'is not in the original'],
    ['another mode', () => chmodSync(path.join(restored, 'inside', 'file'), 0o600), 'has the mode'],
    ['another time', () => utimesSync(path.join(restored, 'inside', 'file'), 1, 2), 'was modified at'],
    ['other bytes, same size and time', () => replace('inside/file', 'BYTES'), 'has other bytes'],
    ['more bytes, same time', () => replace('inside/file', 'bytes and more'), 'has 14 bytes instead of 5'],
  ])('%s', (_, harm, told) => {
    harm();
    expect(found().join('\n')).toContain(told);
  });

  function replace(name: string, bytes: string): void {
    writeFileSync(path.join(restored, name), bytes);
    utimesSync(path.join(restored, name), 1, 1);
  }
});
