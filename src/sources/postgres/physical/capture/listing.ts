/** Puts entries that came one by one, by their paths, into directory listings. */
import { fail } from '../../../../core/errors.ts';
import type { BlobId } from '../../../../format/blob.ts';
import { encodeTree, type TreeEntry } from '../../../../format/tree.ts';
import type { ContentSink } from '../../../port.ts';

export type Attributes = Pick<TreeEntry, 'mode' | 'uid' | 'gid' | 'mtime'>;

export interface Totals {
  files: number;
  directories: number;
  others: number;
  bytes: number;
}

interface Folder {
  attributes: Attributes | undefined;
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, TreeEntry>;
}

/** What a folder gets that nothing said anything about: closed to everybody but the owner, as a data directory has to be. */
export const closedFolder: Attributes = { mode: 0o700, uid: 0, gid: 0, mtime: '0' };

export class Listing {
  readonly #root: Folder = folder();

  /** `entry.name` is the last part of the path. A path that is there already is taken by the newcomer. */
  add(path: string, entry: TreeEntry): void {
    const { parent, name } = this.#place(path);
    if (entry.type !== 'directory') {
      parent.files.set(name, entry);
      return;
    }
    const { mode, uid, gid, mtime } = entry;
    this.#folder(parent, name).attributes = { mode, uid, gid, mtime };
  }

  find(path: string): TreeEntry | undefined {
    const { parent, name } = this.#place(path);
    return parent.files.get(name);
  }

  *paths(): Generator<[string, TreeEntry]> {
    yield* pathsIn(this.#root, '');
  }

  /** Stores the listings from the leaves up. */
  store(sink: ContentSink): { readonly tree: BlobId; readonly totals: Totals } {
    const totals: Totals = { files: 0, directories: 0, others: 0, bytes: 0 };
    return { tree: storeFolder(this.#root, sink, totals), totals };
  }

  #place(path: string): { parent: Folder; name: string } {
    const parts = path.split('/');
    const name = parts.pop() ?? fail('Unexpected', 'a path without a name');
    let parent = this.#root;
    for (const part of parts) parent = this.#folder(parent, part);
    return { parent, name };
  }

  #folder(parent: Folder, name: string): Folder {
    let found = parent.folders.get(name);
    if (found === undefined) {
      found = folder();
      parent.folders.set(name, found);
    }
    return found;
  }
}

function folder(): Folder {
  return { attributes: undefined, folders: new Map(), files: new Map() };
}

function* pathsIn(folder: Folder, prefix: string): Generator<[string, TreeEntry]> {
  for (const [name, entry] of folder.files) yield [prefix + name, entry];
  for (const [name, inner] of folder.folders) yield* pathsIn(inner, `${prefix}${name}/`);
}

function storeFolder(from: Folder, sink: ContentSink, totals: Totals): BlobId {
  const entries: TreeEntry[] = [];
  for (const [name, inner] of from.folders) {
    const before = { ...totals };
    const tree = storeFolder(inner, sink, totals);
    const below = { files: totals.files - before.files, bytes: totals.bytes - before.bytes };
    totals.directories += 1;
    entries.push({ name, type: 'directory', ...(inner.attributes ?? closedFolder), tree, below });
  }
  for (const entry of from.files.values()) {
    if (entry.type === 'file') totals.files += 1;
    else totals.others += 1;
    totals.bytes += entry.size ?? 0;
    entries.push(entry);
  }
  entries.sort((one, other) => Buffer.compare(Buffer.from(one.name!), Buffer.from(other.name!)));
  return sink.put(encodeTree({ entries }), 'tree');
}
