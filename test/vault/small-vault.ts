/** A vault whose chunks, frames and packs are small, so that little data makes many of each; and one backup through it. */
import { isTidemarkError, type TidemarkError } from '../../src/core/errors.ts';
import { snapshotId } from '../../src/core/ids.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { BlobId } from '../../src/format/blob.ts';
import { layout } from '../../src/format/layout.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { encodeTree, entryName, type TreeEntry } from '../../src/format/tree.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { Vault } from '../../src/vault/vault.ts';
import type { BlobWriter } from '../../src/vault/writer.ts';

export const hour = 60 * 60 * 1000;
export const passphrase = 'correct horse battery staple';

/** So many hours after the tests' beginning of time. */
export const at = (hours: number): Date => new Date(Date.UTC(2026, 0, 1) + hours * hour);

export const sizes = {
  chunk: { minimum: 256, average: 1024, maximum: 4096 },
  frame: 8 * 1024,
  pack: 16 * 1024,
} as const;

/** Counts on across vaults: two that are opened in one test must not draw the same nonces, as no two processes do. */
let seed = 1;

export function openVault(store: ObjectStore): Promise<Vault> {
  seed += 1;
  return Vault.open(store, { random: seededRandom(seed), passphrase });
}

export async function newVault(
  store: ObjectStore = memoryStore(),
  sealing: 'none' | 'passphrase' = 'none',
): Promise<Vault> {
  await Vault.create(store, sealing, at(0), { random: seededRandom(7), passphrase });
  const config = JSON.parse((await store.get(layout.vault)).toString()) as object;
  await store.put(layout.vault, Buffer.from(canonicalJson({ ...config, ...sizes })));
  return openVault(store);
}

/** Content by path; folders are what the paths say. */
export type Files = Readonly<Record<string, Buffer>>;

const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: '1767225600000000000' } as const;

/** Pours in files as a source does, and returns the root. */
export async function pour(writer: BlobWriter, files: Files): Promise<BlobId> {
  const entries: TreeEntry[] = [];
  const folders = new Map<string, Record<string, Buffer>>();
  for (const [path, bytes] of Object.entries(files)) {
    const slash = path.indexOf('/');
    if (slash >= 0) {
      const folder = path.slice(0, slash);
      folders.set(folder, { ...folders.get(folder), [path.slice(slash + 1)]: bytes });
      continue;
    }
    const stream = writer.stream();
    for (let from = 0; from < bytes.length; from += 5000) {
      stream.write(bytes.subarray(from, from + 5000));
      await writer.drain();
    }
    entries.push({ name: path, type: 'file', ...attributes, ...stream.end() });
  }
  for (const [name, below] of folders) {
    const total = Object.values(below).reduce((sum, bytes) => sum + bytes.length, 0);
    const tree = await pour(writer, below);
    entries.push({
      name,
      type: 'directory',
      ...attributes,
      tree,
      below: { files: Object.keys(below).length, bytes: total },
    });
  }
  entries.sort((one, other) => Buffer.compare(entryName(one), entryName(other)));
  return writer.put(encodeTree({ entries }), 'tree');
}

export function snapshotOf(root: BlobId, hours: number, source = 'data'): Snapshot {
  const time = at(hours);
  return {
    format: 'tidemark-snapshot',
    version: 1,
    id: snapshotId(source, time, `run-${hours}`),
    source,
    kind: 'files',
    cadence: 'incremental',
    run: `run-${hours}`,
    time: time.toISOString(),
    ended: time.toISOString(),
    root,
    totals: { files: 0, directories: 0, others: 0, bytes: 0, read: 0, stored: 0 },
    problems: [],
    problemCount: 0,
    details: {},
    program: 'test',
  };
}

export const takeLease = (vault: Vault, name: string, hours: number, length = 6): Promise<void> =>
  vault.leases.take(name, {
    what: 'writer',
    by: name,
    source: 'data',
    started: at(hours).toISOString(),
    expires: at(hours + length).toISOString(),
  });

/** A whole backup, in the order that operations keep: lease, writer, blobs, index, look at the lease, commit. */
export async function backUp(vault: Vault, files: Files, hours: number, source = 'data'): Promise<Snapshot> {
  const lease = `${source}-${hours}`;
  await takeLease(vault, lease, hours);
  const writer = await vault.writer();
  const root = await pour(writer, files);
  await writer.finish();
  await vault.leases.demand(lease, at(hours));
  const snapshot = snapshotOf(root, hours, source);
  await vault.snapshots.commit(snapshot);
  await vault.leases.end(lease);
  return snapshot;
}

/** Everything in a snapshot, by path. */
export async function contentOf(vault: Vault, root: BlobId, under = ''): Promise<Record<string, Buffer>> {
  const reader = await vault.reader();
  const files: Record<string, Buffer> = {};
  for (const entry of (await reader.tree(root)).entries) {
    const path = `${under}${entryName(entry)}`;
    if (entry.tree) Object.assign(files, await contentOf(vault, entry.tree, `${path}/`));
    else {
      const parts: Buffer[] = [];
      for await (const blobs of reader.blobsOf(entry)) for (const blob of blobs) parts.push(await reader.blob(blob));
      files[path] = Buffer.concat(parts);
    }
  }
  return files;
}

/** Bytes that do not compress. */
export const noise = (length: number, from: number): Buffer => seededRandom(from).bytes(length);

export const bytesUnder = async (store: ObjectStore, prefix: string): Promise<number> => {
  let sum = 0;
  for await (const object of store.list(prefix)) sum += object.size;
  return sum;
};

export async function copyStore(from: ObjectStore, to: ObjectStore = memoryStore()): Promise<ObjectStore> {
  for await (const { key } of from.list('')) await to.put(key, await from.get(key));
  return to;
}

/** What a call is refused with; a test that expects a refusal and gets none fails. */
export async function refusal(promise: Promise<unknown>): Promise<TidemarkError> {
  const ended = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (!isTidemarkError(ended?.error)) throw new Error('not refused by name', { cause: ended?.error });
  return ended.error;
}
