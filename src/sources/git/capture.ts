/**
 * The tree of one commit into the vault. Everything in it follows from the commit: times are the commit's, owners are
 * nobody in particular, so that the same commit is the same tree, wherever and whenever it is captured.
 */
import type { Json } from '../../core/json.ts';
import type { BlobId } from '../../format/blob.ts';
import { type Content, encodeTree, nameOf, type TreeEntry } from '../../format/tree.ts';
import type { CaptureContext, CapturedContent, CaptureOutcome, ContentSink, PreviousSnapshot } from '../port.ts';
import { flat, type Listed, listTree } from './listing.ts';
import type { GitObjects } from './objects.ts';
import { type Commit, parseCommit } from './text.ts';

/** What a blob became: where its bytes are; for a symbolic link, where it leads. */
type Stored = { readonly content: Content; readonly lfs?: true } | { readonly target: string };

interface State {
  readonly commit: string;
  readonly stored: readonly (readonly [key: string, Stored])[];
  readonly read: number;
}

const lfsPointer = Buffer.from('version https://git-lfs.github.com/spec/v1\n');
const lfsLongest = 1024;
const longestMessage = 4096;
const namesShown = 100;

/** Takes up where `state` says; comes back undone when the deadline passes. Errors: `SourceIncomplete`. */
export async function captureCommit(
  objects: GitObjects,
  commit: string,
  about: { readonly repository: string; readonly ref: string },
  state: Json | undefined,
  context: CaptureContext,
): Promise<CaptureOutcome> {
  const before = state as unknown as State | undefined;
  const parsed = parseCommit(await objects.read(commit, 'commit'));
  const listing = await listTree(objects, parsed.tree);
  const stored = new Map<string, Stored>(before?.stored);
  const known = await contentsBefore(objects, context.previous);
  let read = before?.read ?? 0;
  const progress = () => ({ files: stored.size, bytes: read });
  for (const one of flat(listing)) {
    if (one.kind === 'directory' || one.kind === 'submodule' || stored.has(keyOf(one))) continue;
    if (context.deadline.passed() && stored.size > (before?.stored.length ?? 0)) {
      return { done: false, state: { commit, stored: [...stored], read } as unknown as Json, progress: progress() };
    }
    const content = one.kind === 'symlink' ? undefined : known.get(one.id);
    if (content?.blobs !== undefined && context.sink.holds(content.blobs)) {
      stored.set(keyOf(one), { content });
      continue;
    }
    const bytes = await objects.read(one.id, 'blob');
    read += bytes.length;
    stored.set(keyOf(one), one.kind === 'symlink' ? { target: bytes.toString('base64') } : store(bytes, context.sink));
    const pressure = context.sink.drain();
    if (pressure !== undefined) await pressure;
  }
  const result = finish(parsed, commit, about, listing, stored, read, context);
  return { done: true, result: result as unknown as Json, progress: progress() };
}

/** The same blob may be a file here and a link there. */
function keyOf({ id, kind }: Listed): string {
  return kind === 'symlink' ? `link ${id}` : id;
}

function store(bytes: Buffer, sink: ContentSink): Stored {
  const lfs = bytes.length <= lfsLongest && bytes.subarray(0, lfsPointer.length).equals(lfsPointer);
  return { content: contentOf(bytes, sink), ...(lfs && { lfs }) };
}

function contentOf(bytes: Buffer, sink: ContentSink): Content {
  if (bytes.length <= sink.smallFile)
    return { size: bytes.length, blobs: bytes.length === 0 ? [] : [sink.put(bytes, 'data')] };
  const stream = sink.stream();
  stream.write(bytes);
  return stream.end();
}

/** Contents of the snapshot before by Git's id of the blob; none where that commit is not at hand (any more). */
async function contentsBefore(
  objects: GitObjects,
  previous: PreviousSnapshot | undefined,
): Promise<ReadonlyMap<string, Content>> {
  const contents = new Map<string, Content>();
  const { commit } = previous?.details ?? {};
  if (previous === undefined || typeof commit !== 'string') return contents;
  const found = await objects.find(commit).catch(() => undefined);
  if (found?.type !== 'commit') return contents;
  const walk = async (listed: readonly Listed[], root: BlobId): Promise<void> => {
    const { entries } = await previous.tree(root);
    const byName = new Map(entries.map((entry) => [entry.name ?? entry.nameBase64, entry]));
    for (const one of listed) {
      const name = nameOf(one.name);
      const entry = byName.get('name' in name ? name.name : name.nameBase64);
      if (entry?.tree !== undefined && one.kind === 'directory') await walk(one.children, entry.tree);
      // A pointer has to be read, to be told from a file.
      else if (entry?.blobs !== undefined && entry.size! > lfsLongest)
        contents.set(one.id, { size: entry.size!, blobs: entry.blobs });
    }
  };
  await walk(await listTree(objects, parseCommit(found.bytes).tree), previous.root);
  return contents;
}

function finish(
  commit: Commit,
  id: string,
  about: { readonly repository: string; readonly ref: string },
  listing: readonly Listed[],
  stored: ReadonlyMap<string, Stored>,
  read: number,
  { sink, log }: CaptureContext,
): CapturedContent {
  const totals = { files: 0, directories: 0, others: 0, bytes: 0, read };
  const [submodules, pointers]: [{ path: string; commit: string }[], string[]] = [[], []];
  const attributes = { uid: 0, gid: 0, mtime: `${BigInt(commit.seconds) * 1_000_000_000n}` };

  const entryOf = (one: Listed): TreeEntry => {
    const base = { ...nameOf(one.name), ...attributes };
    if (one.kind === 'directory' || one.kind === 'submodule') {
      if (one.kind === 'submodule') submodules.push({ path: one.path, commit: one.id });
      totals.directories += 1;
      const entries = one.children.map(entryOf);
      return {
        ...base,
        type: 'directory',
        mode: 0o755,
        tree: sink.put(encodeTree({ entries }), 'tree'),
        below: sumOf(entries),
      };
    }
    const found = stored.get(keyOf(one))!;
    if ('target' in found) {
      totals.others += 1;
      const target = nameOf(Buffer.from(found.target, 'base64'));
      return {
        ...base,
        type: 'symlink',
        mode: 0o777,
        ...('name' in target ? { target: target.name } : { targetBase64: target.nameBase64 }),
      };
    }
    totals.files += 1;
    totals.bytes += found.content.size;
    if (found.lfs) pointers.push(one.path);
    return { ...base, type: 'file', mode: one.kind === 'executable' ? 0o755 : 0o644, ...found.content };
  };

  const root = sink.put(encodeTree({ entries: listing.map(entryOf) }), 'tree');
  if (pointers.length > 0) log.warn('git-lfs-pointers', { files: pointers.length, first: pointers[0] });
  if (submodules.length > 0) log.info('git-submodules', { submodules: submodules.length });
  return {
    root,
    totals,
    problems: [],
    details: {
      ...about,
      commit: id,
      gitTree: commit.tree,
      author: { ...commit.author },
      committer: { ...commit.committer },
      message: commit.message.slice(0, longestMessage),
      // Recorded and not followed: each is a repository of its own.
      ...(submodules.length > 0 && { submodules: submodules.slice(0, namesShown) }),
      // The files themselves lie on another server; here are only their names and checksums.
      ...(pointers.length > 0 && { lfs: { files: pointers.length, paths: pointers.slice(0, namesShown) } }),
    },
  };
}

function sumOf(entries: readonly TreeEntry[]): { files: number; bytes: number } {
  const sum = { files: 0, bytes: 0 };
  for (const entry of entries) {
    sum.files += entry.type === 'file' ? 1 : (entry.below?.files ?? 0);
    sum.bytes += entry.type === 'file' ? (entry.size ?? 0) : (entry.below?.bytes ?? 0);
  }
  return sum;
}
