/** What to say when a branch, tag or commit is not there: the names that come closest. */
import { fail } from '../../core/errors.ts';

const shown = 8;

export function refMissing(repository: string, ref: string, names: readonly string[]): never {
  return fail('SourceMissing', `${repository} has no branch, tag or commit ${JSON.stringify(ref)}`, {
    hint: closest(ref, names),
    context: { repository, ref },
  });
}

export function closest(ref: string, names: readonly string[]): string {
  if (names.length === 0) return 'The repository has no branches and no tags.';
  const wanted = pairs(ref);
  const alike = (name: string): number => {
    const own = pairs(name);
    const both = [...own].filter((pair) => wanted.has(pair)).length;
    return (2 * both) / (own.size + wanted.size);
  };
  const sorted = [...new Set(names)].sort((a, b) => alike(b) - alike(a) || (a < b ? -1 : 1));
  return `There ${names.length === 1 ? 'is' : 'are'} ${sorted.slice(0, shown).join(', ')}${sorted.length > shown ? ', ...' : ''}.`;
}

/** Letters that follow one another; names that share many look alike. */
function pairs(name: string): Set<string> {
  const text = `^${name.toLowerCase().replace(/^refs\/(?:heads|tags)\//, '')}$`;
  return new Set(Array.from({ length: text.length - 1 }, (_, at) => text.slice(at, at + 2)));
}
