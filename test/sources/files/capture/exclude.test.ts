import { describe, expect, test } from 'vitest';
import { compileExclude } from '../../../../src/sources/files/capture/exclude.ts';

/** `path` with a slash at its end is a directory. */
function excluded(patterns: readonly string[], path: string): boolean {
  const exclude = compileExclude(patterns)!;
  const plain = path.replace(/\/$/, '');
  const name = plain.slice(plain.lastIndexOf('/') + 1);
  return exclude.matches(name, plain) || (path.endsWith('/') && exclude.matchesDirectory(name, plain));
}

test.each([
  // A name, anywhere.
  ['*.tmp', ['a.tmp', 'x/y/.tmp', 'dir.tmp/'], ['a.tmp.gz', 'atmp', 'a.TMP', 'tmp/a']],
  ['core', ['core', 'a/core', 'core/'], ['core2', 'a.core']],
  ['?', ['a', 'é', '\u{1f4be}', 'x/b'], ['ab', 'abc']],
  ['[a-c]*', ['apple', 'x/cherry'], ['date', 'A']],
  ['[!a-c]', ['d', '!'], ['a', 'b']],
  ['a*b', ['ab', 'a new\nline b'], ['abc']],
  // Directories only.
  ['cache/', ['cache/', 'x/cache/'], ['cache', 'x/cache', 'cached/']],
  ['/cache/', ['cache/'], ['cache', 'x/cache/']],
  // A path from the root.
  ['/build', ['build', 'build/'], ['x/build']],
  ['docs/*.log', ['docs/a.log'], ['docs/x/a.log', 'x/docs/a.log', 'docs/log']],
  ['a/b', ['a/b'], ['x/a/b', 'b', 'a/b/c']],
  // Across directories.
  ['**/x', ['x', 'a/x', 'a/b/x'], ['ax', 'a/xb']],
  ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a/c']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['a/zz', 'b/z']],
  ['/**/*.o', ['m.o', 'x/y/m.o'], ['m.obj']],
  // Signs that mean nothing here.
  ['a.b', ['a.b'], ['axb']],
  ['(a|b)+$', ['(a|b)+$'], ['a', 'ab']],
  ['\\*', ['*'], ['a']],
  ['[', ['['], ['x']],
  ['#not a comment', ['#not a comment'], []],
  ['{a,b}', ['{a,b}'], ['a']],
] as const)('%s', (pattern, yes, no) => {
  expect(yes.filter((path) => !excluded([pattern], path))).toEqual([]);
  expect(no.filter((path) => excluded([pattern], path))).toEqual([]);
});

test('several patterns: any of them', () => {
  const patterns = ['*.tmp', '/build', 'cache/', 'a/**/z'];
  expect(['x.tmp', 'build', 'q/cache/', 'a/z'].every((path) => excluded(patterns, path))).toBe(true);
  expect(excluded(patterns, 'q/build')).toBe(false);
});

test('none excludes nothing', () => {
  expect(compileExclude([])).toBeUndefined();
});

describe('what cannot be meant is refused', () => {
  test.each(['!keep', '', '/', '//', 'a//', '[z-a]'])('%j', (pattern) => {
    expect(() => compileExclude(['fine', pattern])).toThrow(
      expect.objectContaining({ name: 'PlanInvalid', hint: expect.any(String) }),
    );
  });
});
