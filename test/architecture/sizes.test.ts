import { describe, expect, test } from 'vitest';
import { folderViolations, longFileViolations, medianLimit, medianLines } from './rules/sizes.ts';
import { projectPaths, projectSources } from './rules/tree.ts';
import { wordViolations } from './rules/words.ts';

const files = projectSources();

test('no file grows without a reason', () => {
  expect(longFileViolations(files)).toEqual([]);
});

test('the usual file is short', () => {
  expect(medianLines(files)).toBeLessThan(medianLimit);
});

test('no folder holds more than one can take in', () => {
  expect(folderViolations(files)).toEqual([]);
});

test('names say something', () => {
  expect(wordViolations(projectPaths().map((path) => ({ path })))).toEqual([]);
});

const file = (path: string, lines: number) => ({ path, text: 'x\n'.repeat(lines) });

describe('the rules can fail', () => {
  test('a file of 351 lines is long, one of 350 is not; tests may be long', () => {
    expect(longFileViolations([file('src/a.ts', 350), file('test/a.test.ts', 900)], {})).toEqual([]);
    expect(longFileViolations([file('src/a.ts', 351)], {})).toEqual(['src/a.ts has 351 lines, more than 350']);
  });

  test('a reason lets one file be long, and only as long as it is', () => {
    const reasons = { 'src/a.ts': 'one table' };
    expect(longFileViolations([file('src/a.ts', 400)], reasons)).toEqual([]);
    expect(longFileViolations([file('src/a.ts', 40)], reasons)).toEqual([
      'src/a.ts is listed as long and is not: take it off the list',
    ]);
  });

  test('the median is of what is deployed and run', () => {
    const three = [file('src/a.ts', 10), file('cli/b.ts', 30), file('functions/c.ts', 500), file('test/d.ts', 5_000)];
    expect(medianLines(three)).toBe(30);
  });

  test('fifteen files fill a folder; the functions are one for each state', () => {
    const many = (folder: string, count: number) =>
      Array.from({ length: count }, (_, at) => file(`${folder}/f${at}.ts`, 1));
    expect(folderViolations([...many('src/vault', 14), ...many('functions', 30)])).toEqual([]);
    expect(folderViolations(many('src/vault', 15))).toEqual(['src/vault/ holds 15 files, more than 14']);
  });

  test.each([
    'src/utils/a.ts',
    'src/vault/helpers.ts',
    'cli/common.ts',
    'src/types.d.ts',
    'test/misc/a.ts',
    'src/Util.ts',
  ])('%s says nothing', (path) => {
    expect(wordViolations([{ path }])).toHaveLength(1);
  });

  test.each(['src/vault/read.ts', '.gitignore', 'docs/commonplace.md', 'src/format/snapshot.types.ts'])(
    '%s is a name',
    (path) => {
      expect(wordViolations([{ path }])).toEqual([]);
    },
  );
});
