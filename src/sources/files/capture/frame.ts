/**
 * The walk's stack: one frame for each directory between the root and where the walk is, and the form in which a frame
 * travels in a cursor. A directory that several shards share stays open; `combine` closes it.
 */
import type { Json } from '../../../core/json.ts';
import type { BlobId } from '../../../format/blob.ts';
import { encodeTree, nameOf, type TreeEntry } from '../../../format/tree.ts';
import type { ContentSink } from '../../port.ts';
import { compareNames, nameKey, type Place, type RawPath, rawName, readNames, shown } from '../raw-path.ts';

/** A directory of which other shards have a part too, or the root. */
export interface OpenDirectory {
  readonly open: true;
  /** Empty for the root. */
  readonly name: string;
  /** The directory itself, in the shard that came by its name. */
  readonly entry?: TreeEntry;
  /** It was not there any more when the shard came to its part. */
  readonly missing?: true;
  readonly children: readonly Child[];
}

export type Child = TreeEntry | OpenDirectory;

/** Path components from which (or up to which) a shard takes what a directory holds. */
export type Bound = readonly string[] | undefined;

export interface Frame {
  readonly name: RawPath;
  /** Undefined where an earlier shard has it. */
  readonly entry: TreeEntry | undefined;
  /** It says the same as the snapshot before, apart from what lies below. */
  readonly entryHolds: boolean;
  readonly place: Place;
  /** Relative to the root, with a slash at its end; empty for the root. For people and patterns. */
  readonly path: string;
  readonly names: readonly RawPath[];
  next: number;
  /** The last name that is done, or whose directory is under way. */
  after: RawPath | undefined;
  readonly from: Bound;
  readonly to: Bound;
  readonly children: Child[];
  readonly before: Before | undefined;
  /** So far every child is the very entry of the snapshot before. */
  identical: boolean;
}

/** A directory as the snapshot before has it. */
export interface Before {
  readonly tree: BlobId;
  readonly children: readonly TreeEntry[];
  next: number;
  byName?: ReadonlyMap<string, number>;
}

export interface FrameState {
  readonly name: ReturnType<typeof nameOf>;
  readonly entry?: TreeEntry;
  readonly entryHolds: boolean;
  readonly after?: ReturnType<typeof nameOf>;
  readonly children: readonly Child[];
  readonly identical: boolean;
}

export function isOpen(child: Child): child is OpenDirectory {
  return 'open' in child;
}

/** Part of the directory belongs to other shards. */
export function isBounded(frame: Pick<Frame, 'from' | 'to'>): boolean {
  return frame.from !== undefined || frame.to !== undefined;
}

/** The names in a directory that are still to do, in byte order. */
export function namesToDo(directory: RawPath, from: Bound, to: Bound, state: FrameState['after']): RawPath[] {
  const names = readNames(directory);
  const after = state && rawName(state);
  if (from === undefined && to === undefined && after === undefined) return names;
  const [first, last] = [from?.[0], to?.[0]];
  return names.filter(
    (name) =>
      (after === undefined || compareNames(name, after) > 0) &&
      (first === undefined || compareNames(name, first) >= 0) &&
      // The last name is still ours when only a part of what it holds belongs to the next shard.
      (last === undefined || compareNames(name, last) < 0 || (to!.length > 1 && name === last)),
  );
}

/** The bounds that hold inside a child. */
export function boundsOf(frame: Pick<Frame, 'from' | 'to'>, name: RawPath): { from: Bound; to: Bound } {
  return { from: inside(frame.from, name), to: inside(frame.to, name) };
}

/** The shard begins inside this child: its own entry is in the shard before. */
export function isHeadless(frame: Frame, name: RawPath): boolean {
  return frame.from !== undefined && frame.from.length > 1 && frame.from[0] === name;
}

/** Where the shard should begin inside a child that is not there any more, `combine` has to know. */
export function noteMissing(frame: Frame): void {
  const name = frame.from?.[0];
  if (name !== undefined && frame.from!.length > 1 && frame.names[0] !== name) {
    frame.children.push({ open: true, name, missing: true, children: [] });
  }
}

function inside(bound: Bound, name: RawPath): Bound {
  return bound !== undefined && bound.length > 1 && bound[0] === name ? bound.slice(1) : undefined;
}

/** The entry of the same name in the snapshot before. */
export function beforeOf(frame: Frame, name: RawPath): TreeEntry | undefined {
  const before = frame.before;
  if (before === undefined) return undefined;
  // Both listings are in the same order, so it is nearly always the next one.
  const expected = before.children[before.next];
  if (expected !== undefined && expected.name !== undefined && expected.name === name) {
    before.next += 1;
    return expected;
  }
  before.byName ??= new Map(before.children.map((entry, at) => [nameKey(rawName(entry)), at]));
  const at = before.byName.get(nameKey(name));
  if (at === undefined) return undefined;
  before.next = at + 1;
  return before.children[at];
}

/** A directory's entry once all of its children are there. Stores the listing, unless it is `stored` already. */
export function closed(
  entry: TreeEntry,
  children: readonly TreeEntry[],
  sink: ContentSink,
  stored?: BlobId,
): TreeEntry {
  return { ...entry, tree: stored ?? sink.put(encodeTree({ entries: children }), 'tree'), below: below(children) };
}

function below(children: readonly TreeEntry[]): { files: number; bytes: number } {
  const sum = { files: 0, bytes: 0 };
  for (const child of children) {
    sum.files += child.type === 'file' ? 1 : (child.below?.files ?? 0);
    sum.bytes += child.type === 'file' ? (child.size ?? 0) : (child.below?.bytes ?? 0);
  }
  return sum;
}

export function openOf(frame: Frame): OpenDirectory {
  return { open: true, name: shown(frame.name), ...(frame.entry && { entry: frame.entry }), children: frame.children };
}

export function stateOf(frame: Frame): FrameState & Json {
  const state: FrameState = {
    name: namedOf(frame.name),
    ...(frame.entry && { entry: frame.entry }),
    entryHolds: frame.entryHolds,
    ...(frame.after !== undefined && { after: namedOf(frame.after) }),
    children: frame.children,
    identical: frame.identical,
  };
  return state as FrameState & Json;
}

function namedOf(name: RawPath): ReturnType<typeof nameOf> {
  return typeof name === 'string' ? { name } : nameOf(name);
}
