/**
 * A source of the simulation: keeps `src/sources/port.ts` over an {@link Origin}. It behaves as the real ones do: what has
 * not changed since the snapshot before is taken over without being read, work is put down when time runs out, a file that
 * cannot be read becomes a problem.
 */
import { isTidemarkError } from '../../../src/core/errors.ts';
import { encodeTree, type TreeEntry } from '../../../src/format/tree.ts';
import type {
  CaptureContext,
  CaptureOutcome,
  Content,
  RestoreContext,
  RestoreOutcome,
  Source,
} from '../../../src/sources/port.ts';
import type { Chance } from './chance.ts';
import type { Origin } from './origin.ts';

/** Where restores go: what lies in each target. */
export type Targets = Map<string, Map<string, string>>;

interface Captured {
  readonly directory: string;
  readonly entries: readonly TreeEntry[];
  readonly stamps: Readonly<Record<string, number>>;
  readonly problems: readonly { readonly path: string; readonly what: string }[];
  /** Files done so far. */
  readonly next: number;
}

const bare = { mode: 0o644, uid: 0, gid: 0 } as const;

export function simulatedSource(origin: Origin, targets: Targets, chance: Chance, alive: () => boolean): Source {
  const pause = (context: { clock: CaptureContext['clock'] }): Promise<void> =>
    context.clock.sleep(chance.between(1, 2_000));

  return {
    kind: origin.kind,
    ...(origin.kind === 'git' && { revision: async () => origin.revision }),

    async split(context) {
      await pause(context);
      return origin.directories.map((directory) => ({ directory }));
    },

    async capture(shard, state, context) {
      return capture(origin, shard.directory as string, state as Captured | undefined, context, () => pause(context));
    },

    async combine(results, context) {
      const shards = results as unknown as Captured[];
      const directories = shards.map(({ directory, entries }): TreeEntry => {
        const tree = context.sink.put(encodeTree({ entries }), 'tree');
        return { name: directory, type: 'directory', ...bare, mtime: '0', tree };
      });
      const entries = shards.flatMap((shard) => shard.entries);
      return {
        root: context.sink.put(encodeTree({ entries: directories }), 'tree'),
        totals: {
          files: entries.length,
          directories: directories.length + 1,
          others: 0,
          bytes: entries.reduce((sum, { size }) => sum + size!, 0),
          read: 0,
        },
        problems: shards.flatMap((shard) => shard.problems),
        details: { stamps: Object.assign({}, ...shards.map((shard) => shard.stamps)) },
      };
    },

    async checkTarget() {},

    async restore(state, context): Promise<RestoreOutcome> {
      const target = new Map(state === undefined ? [] : targets.get(context.target));
      const found = await filesIn(context);
      let at = (state as { next: number } | undefined)?.next ?? 0;
      let bytes = 0;
      for (const first = at; at < found.length; at += 1) {
        if (at > first && context.deadline.passed()) break;
        const [path, entry] = found[at]!;
        const text = await textOf(entry, context);
        bytes += text.length;
        target.set(path, text);
        await pause(context);
      }
      if (alive()) targets.set(context.target, target);
      const restored = { files: at, bytes };
      return at < found.length
        ? { done: false, state: { next: at }, restored }
        : { done: true, restored, problems: [] };
    },

    async validate(context) {
      const there = targets.get(context.target) ?? new Map<string, string>();
      const problems: { path: string; what: string }[] = [];
      const found = await filesIn(context);
      for (const [path, entry] of found) {
        if (there.get(path) !== (await textOf(entry, context))) problems.push({ path, what: 'it differs' });
      }
      if (there.size !== found.length) problems.push({ path: '', what: `${there.size} files, not ${found.length}` });
      return { checked: { files: found.length }, problems };
    },

    async discard(context) {
      if (alive()) targets.delete(context.target);
    },
  };
}

async function capture(
  origin: Origin,
  directory: string,
  before: Captured | undefined,
  context: CaptureContext,
  pause: () => Promise<void>,
): Promise<CaptureOutcome> {
  const known = await entriesBefore(directory, context);
  const entries = [...(before?.entries ?? [])];
  const stamps: Record<string, number> = { ...before?.stamps };
  const problems = [...(before?.problems ?? [])];
  const listed = listing(origin, directory, context.revision);
  let next = before?.next ?? 0;
  const outcome = (): Captured => ({ directory, entries, stamps, problems, next });
  const progress = { files: entries.length, bytes: 0 };
  for (const first = next; next < listed.length; next += 1) {
    if (next > first && context.deadline.passed()) return { done: false, state: outcome() as never, progress };
    const path = listed[next]!;
    await pause();
    const now = reading(origin, path, context.revision);
    if (!now) continue; // gone since it was listed
    if (origin.unreadable === path) {
      problems.push({ path, what: 'it cannot be read' });
      continue;
    }
    const mtime = String(now.number);
    const old = known.get(path.slice(directory.length + 1));
    const same = old?.mtime === mtime && old.blobs !== undefined && context.sink.holds(old.blobs);
    const content = same ? { size: old.size!, blobs: old.blobs } : stored(Buffer.from(now.text), context);
    entries.push({ name: path.slice(directory.length + 1), type: 'file', ...bare, mtime, ...content });
    stamps[path] = now.number;
    await context.sink.drain();
  }
  return { done: true, result: outcome() as never, progress };
}

function stored(bytes: Buffer, { sink }: CaptureContext): Content {
  if (bytes.length <= sink.smallFile) return { size: bytes.length, blobs: [sink.put(bytes, 'data')] };
  const stream = sink.stream();
  stream.write(bytes);
  bytes.fill(0); // the port says that what it needs is copied
  return stream.end();
}

/** A versioned source is read at one revision, another as it is from moment to moment. */
function listing(origin: Origin, directory: string, revision: string | undefined): string[] {
  const pinned = origin.kind === 'git' && revision !== undefined ? origin.revisions.get(revision) : undefined;
  const paths = pinned ? [...pinned.keys()] : [...origin.files().keys()];
  return paths.filter((path) => path.startsWith(`${directory}/`)).sort();
}

function reading(
  origin: Origin,
  path: string,
  revision: string | undefined,
): { number: number; text: string } | undefined {
  const pinned = origin.kind === 'git' && revision !== undefined ? origin.revisions.get(revision) : undefined;
  if (!pinned) return origin.files().get(path);
  const number = pinned.get(path);
  return number === undefined ? undefined : { number, text: origin.text(path, number)! };
}

/** A listing of the snapshot before that cannot be read vouches for nothing. */
async function entriesBefore(
  directory: string,
  { previous, cadence }: CaptureContext,
): Promise<Map<string, TreeEntry>> {
  if (!previous || cadence === 'full') return new Map();
  try {
    const root = await previous.tree(previous.root);
    const tree = root.entries.find(({ name }) => name === directory)?.tree;
    if (tree === undefined) return new Map();
    return new Map((await previous.tree(tree)).entries.map((entry) => [entry.name!, entry]));
  } catch (error) {
    if (isTidemarkError(error, 'VaultDamaged') || isTidemarkError(error, 'ObjectMissing')) return new Map();
    throw error;
  }
}

async function filesIn({ reader, root }: RestoreContext): Promise<[string, TreeEntry][]> {
  const found: [string, TreeEntry][] = [];
  for (const directory of (await reader.tree(root)).entries) {
    for (const entry of (await reader.tree(directory.tree!)).entries)
      found.push([`${directory.name}/${entry.name}`, entry]);
  }
  return found;
}

async function textOf(entry: TreeEntry, { reader }: RestoreContext): Promise<string> {
  const parts: Buffer[] = [];
  for await (const ids of reader.blobsOf(entry)) for (const id of ids) parts.push(await reader.blob(id));
  return Buffer.concat(parts).toString();
}
