/**
 * How much of a tree a walk is about: all of it, or one of the parts that several threads restore at once. Parts are ranges
 * of the walk's order, from one path up to another. Directories that lead to where a range begins or ends belong to several
 * of them, so they are made before (`opening`) and get their attributes after all (`closing`); so do files with several
 * names, whose first name may lie in another range.
 */
import { fail } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { RestorePart, Shard } from '../../port.ts';
import { compareNames, type RawPath, rawName } from '../raw-path.ts';

export type Look = 'take' | 'pass' | 'stop';

/** Paths of directories are relative to the root, with a slash at their end; that of the root is empty. */
export interface Scope {
  readonly role: 'whole' | 'opening' | 'range' | 'closing';
  /** The first entry of a directory that the walk is about. */
  begin(directory: RawPath, entries: readonly TreeEntry[]): number;
  /** Whether to take an entry, pass it over, or stop, as it and all after it are others' affair. */
  look(directory: RawPath, entry: TreeEntry): Look;
  /** Whether a name that the snapshot does not have would be this walk's affair. */
  covers(directory: RawPath, name: RawPath): boolean;
  /** Whether a directory is this walk's to finish. */
  finishes(directory: RawPath): boolean;
  /** Whether an entry that has several names is left for the closing. */
  readonly leavesLinks: boolean;
}

const whole: Scope = {
  role: 'whole',
  begin: () => 0,
  look: () => 'take',
  covers: () => true,
  finishes: () => true,
  leavesLinks: false,
};

export function scopeOf(part: RestorePart | undefined): Scope {
  if (part === undefined) return whole;
  const { role, from, to, cuts } = part.shard;
  if (role === 'range') return rangeOf(textOf(from), textOf(to));
  const leading = new Set((Array.isArray(cuts) ? cuts : []).flatMap((cut) => ways(String(cut))));
  if (role === 'opening') return openingOf(leading);
  if (role === 'closing') return closingOf(leading, part.before.some(leftLinks));
  return fail('Unexpected', `a restore has no part ${JSON.stringify(role)}`);
}

/** The parts of a walk that is cut at these paths. */
export function partsAt(cuts: readonly string[]): readonly Shard[] {
  const edges = [undefined, ...cuts, undefined];
  const ranges = edges.slice(1).map((to, at): Shard => {
    const from = edges[at];
    return { role: 'range', number: at, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  });
  return [{ role: 'opening', cuts: [...cuts] }, ...ranges, { role: 'closing', cuts: [...cuts] }];
}

function textOf(path: Json | undefined): readonly string[] | undefined {
  return typeof path === 'string' ? path.split('/') : undefined;
}

/** The directories that lead to a path, the root among them. */
function ways(path: string): string[] {
  const names = path.split('/');
  return names.map((_, at) => names.slice(0, at).join('/') + (at === 0 ? '' : '/'));
}

function leftLinks(result: Json): boolean {
  return typeof result === 'object' && result !== null && 'linked' in result && result.linked !== 0;
}

function rangeOf(from: readonly string[] | undefined, to: readonly string[] | undefined): Scope {
  const starts = byDirectory(from);
  const ends = byDirectory(to);
  const at = (edges: ReadonlyMap<string, Edge>, directory: RawPath): Edge | undefined =>
    typeof directory === 'string' ? edges.get(directory) : undefined;
  return {
    role: 'range',
    begin(directory, entries) {
      const start = at(starts, directory);
      if (start === undefined) return 0;
      const first = entries.findIndex((entry) => compareNames(rawName(entry), start.name) >= 0);
      return first === -1 ? entries.length : first;
    },
    look(directory, entry) {
      const end = at(ends, directory);
      if (end === undefined) return 'take';
      const order = compareNames(rawName(entry), end.name);
      return order > 0 || (order === 0 && end.last) ? 'stop' : 'take';
    },
    covers(directory, name) {
      const [start, end] = [at(starts, directory), at(ends, directory)];
      if (start !== undefined && compareNames(name, start.name) < 0) return false;
      return end === undefined || compareNames(name, end.name) < 0;
    },
    finishes: (directory) => at(starts, directory) === undefined && at(ends, directory) === undefined,
    leavesLinks: true,
  };
}

interface Edge {
  readonly name: string;
  readonly last: boolean;
}

/** Where the range begins or ends in each of the directories that lead there. */
function byDirectory(path: readonly string[] | undefined): ReadonlyMap<string, Edge> {
  const names = path ?? [];
  const leading = path === undefined ? [] : ways(path.join('/'));
  return new Map(leading.map((directory, at) => [directory, { name: names[at]!, last: at === names.length - 1 }]));
}

function isOn(leading: ReadonlySet<string>, directory: RawPath, entry: TreeEntry): boolean {
  if (typeof directory !== 'string' || entry.name === undefined || entry.type !== 'directory') return false;
  return leading.has(`${directory}${entry.name}/`);
}

function openingOf(leading: ReadonlySet<string>): Scope {
  return {
    ...whole,
    role: 'opening',
    look: (directory, entry) => (isOn(leading, directory, entry) ? 'take' : 'pass'),
    covers: () => false,
    finishes: () => false,
  };
}

/** Only where files with several names were left does it come by everywhere. */
function closingOf(leading: ReadonlySet<string>, links: boolean): Scope {
  return {
    ...whole,
    role: 'closing',
    look(directory, entry) {
      if (links) return entry.type === 'directory' || entry.hardlink !== undefined ? 'take' : 'pass';
      return isOn(leading, directory, entry) ? 'take' : 'pass';
    },
    covers: () => false,
  };
}
