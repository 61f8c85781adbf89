/** Puts the parts of all shards together again: open directories of the same name are one, and are closed now. */
import type { Json } from '../../../core/json.ts';
import type { Problem } from '../../../format/snapshot.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { CapturedContent, ContentSink } from '../../port.ts';
import { commonEndings } from '../endings.ts';
import { type Child, closed, isOpen, type OpenDirectory } from './frame.ts';
import type { TallyState } from './tally.ts';

/** What a shard leaves behind. */
export interface ShardResult {
  readonly root: OpenDirectory;
  readonly tally: TallyState;
  /** What this machine could not capture of anything, in words. */
  readonly limits: readonly string[];
}

/** The root directory itself has no entry anywhere; what it looked like is kept with the snapshot's details. */
const rootMembers = ['mode', 'uid', 'gid', 'mtime', 'xattrs'] as const;

export function combineShards(results: readonly ShardResult[], sink: ContentSink): CapturedContent {
  const problems: Problem[] = results.flatMap((result) => result.tally.problems);
  const [first, ...others] = results.map((result) => result.root);
  const root = others.reduce((whole, part) => merged(whole, part, '', problems), first!);
  const { tree } = closed(root.entry ?? ({} as TreeEntry), closedChildren(root.children, sink), sink);
  const limits = [...new Set(results.flatMap((result) => result.limits))];
  const directory = root.entry && Object.fromEntries(rootMembers.map((member) => [member, root.entry![member]]));
  return {
    root: tree!,
    totals: totalsOf(results),
    problems,
    details: {
      ...(directory && { directory: directory as Json }),
      ...(limits.length > 0 && { limits }),
      endings: commonEndings(results.map(({ tally }) => tally.endings)),
    },
  };
}

function merged(one: OpenDirectory, other: OpenDirectory, path: string, problems: Problem[]): OpenDirectory {
  if (other.missing) {
    problems.push({ path, what: 'vanished while the source was captured' });
    return one;
  }
  const children: Child[] = [...one.children];
  for (const child of other.children) {
    const last = children.at(-1);
    if (!isOpen(child) || child.entry !== undefined) {
      children.push(child);
    } else if (last !== undefined && last.name === child.name) {
      const inside = path === '' ? child.name : `${path}/${child.name}`;
      if (isOpen(last)) children[children.length - 1] = merged(last, child, inside, problems);
      else if (!child.missing) problems.push({ path: inside, what: 'was replaced while it was captured' });
    }
    // A part whose directory no shard came by: it was made, or is gone, since the walk passed there.
  }
  return { ...one, children };
}

function closedChildren(children: readonly Child[], sink: ContentSink): TreeEntry[] {
  return children.flatMap((child) => {
    if (!isOpen(child)) return [child];
    if (child.entry === undefined) return [];
    return [closed(child.entry, closedChildren(child.children, sink), sink)];
  });
}

/** Sums, with the bytes of a file counted once that has names in several shards. */
function totalsOf(results: readonly ShardResult[]): CapturedContent['totals'] {
  const sum = { files: 0, directories: 0, others: 0, bytes: 0, read: 0 };
  const links = new Set<string>();
  for (const { tally } of results) {
    for (const member of Object.keys(sum) as (keyof typeof sum)[]) sum[member] += tally.totals[member];
    for (const [key, link] of tally.links) {
      if (links.has(key)) sum.bytes -= link.entry.size ?? 0;
      links.add(key);
    }
  }
  return sum;
}
