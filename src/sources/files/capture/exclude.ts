/**
 * Exclude patterns, after gitignore: `*.tmp` matches a name anywhere, `cache/` directories only, `/build` and `docs/*.log`
 * a path from the source's root; `*` and `?` stop at a slash, `**` does not. What is excluded is not there: no problem, no
 * entry. There are no exceptions (`!`); such a pattern is refused instead of being misread.
 */
import { fail } from '../../../core/errors.ts';

export interface Exclude {
  /** Whatever type it has. `path` is relative to the root, with the name. */
  matches(name: string, path: string): boolean;
  /** For directories, the patterns that end in a slash. */
  matchesDirectory(name: string, path: string): boolean;
}

interface Pattern {
  readonly source: string;
  readonly anchored: boolean;
  readonly directoriesOnly: boolean;
}

/** Undefined when nothing is excluded, so that the walk need not ask. Errors: `PlanInvalid`. */
export function compileExclude(patterns: readonly string[]): Exclude | undefined {
  if (patterns.length === 0) return undefined;
  const parsed = patterns.map(parse);
  const [any, directories] = [
    parsed.filter((one) => !one.directoriesOnly),
    parsed.filter((one) => one.directoriesOnly),
  ];
  return { matches: matcher(any), matchesDirectory: matcher(directories) };
}

function parse(pattern: string): Pattern {
  if (pattern.startsWith('!')) {
    fail('PlanInvalid', `the exclude pattern ${JSON.stringify(pattern)} is an exception, and there are none`, {
      hint: 'Name what is to be left out, and only that.',
    });
  }
  const directoriesOnly = pattern.endsWith('/');
  const body = directoriesOnly ? pattern.slice(0, -1) : pattern;
  const relative = body.startsWith('/') ? body.slice(1) : body;
  if (relative === '' || relative.endsWith('/') || relative.startsWith('/')) {
    fail('PlanInvalid', `the exclude pattern ${JSON.stringify(pattern)} matches no name`, {
      hint: 'Write a name such as "*.tmp", a directory such as "cache/" or a path such as "/build".',
    });
  }
  const source = expression(relative);
  try {
    new RegExp(source, 'su');
  } catch (cause) {
    fail('PlanInvalid', `the exclude pattern ${JSON.stringify(pattern)} cannot be read`, {
      hint: 'Look at its square brackets: a range goes up, as in [a-z].',
      cause,
    });
  }
  return { source, anchored: body.includes('/'), directoriesOnly };
}

function matcher(patterns: readonly Pattern[]): (name: string, path: string) => boolean {
  const [byName, byPath] = [patterns.filter((one) => !one.anchored), patterns.filter((one) => one.anchored)];
  const names = combined(byName);
  const paths = combined(byPath);
  return (name, path) => (names?.test(name) ?? false) || (paths?.test(path) ?? false);
}

function combined(patterns: readonly Pattern[]): RegExp | undefined {
  if (patterns.length === 0) return undefined;
  return new RegExp(`^(?:${patterns.map((one) => one.source).join('|')})$`, 'su');
}

const tokens = /\*\*\/|\/\*\*$|\*\*|\*|\?|\[!?\]?[^\]/]*\]|\\.|[\s\S]/gu;

function expression(glob: string): string {
  return glob.replace(tokens, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '/**') return '/.*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 2 && token.startsWith('[')) return characterClass(token.slice(1, -1));
    return literal(token.length === 2 && token.startsWith('\\') ? token.slice(1) : token);
  });
}

function characterClass(inside: string): string {
  const negated = inside.startsWith('!');
  const members = (negated ? inside.slice(1) : inside).replace(/[\\\][^/]/g, '\\$&');
  return negated ? `[^/${members}]` : `[${members}]`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
