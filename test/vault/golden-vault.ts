/**
 * The golden vaults: made once by the engine of format version 1, kept as files, restored by every engine after it. Run as
 * a program (`node test/vault/golden-vault.ts`) it makes them, and refuses where they are.
 */
import { hash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { VirtualClock } from '../../src/core/clock.ts';
import { noDeadline } from '../../src/core/deadline.ts';
import { silentLog } from '../../src/core/log.ts';
import { systemRandom } from '../../src/core/random.ts';
import { encodeChunkList, encodeTree, type Tree } from '../../src/format/tree.ts';
import { filesSource } from '../../src/sources/files/index.ts';
import type { CaptureContext } from '../../src/sources/port.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { Vault } from '../../src/vault/vault.ts';
import { at, snapshotOf } from './small-vault.ts';

export const goldenFolder = new URL('../fixtures/vault-v1/', import.meta.url).pathname;
export const goldenPassphrase = 'the golden passphrase';
export const sealings = { open: 'none', sealed: 'passphrase' } as const;

/** Objects are files, as in a directory store, but without its private folder, which Git would not keep. */
export async function goldenStore(name: keyof typeof sealings): Promise<ObjectStore> {
  const store = memoryStore();
  const folder = join(goldenFolder, name);
  for (const file of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    await store.put(relative(folder, path), fs.readFileSync(path));
  }
  return store;
}

/** What a folder holds, in a form that can be kept: everything that a snapshot of it must bring back. */
export function picture(folder: string): Record<string, Record<string, unknown>> {
  const seen: Record<string, Record<string, unknown>> = {};
  const inodes = new Map<bigint, string>();
  const look = (path: Buffer, name: string): void => {
    const stat = fs.lstatSync(path, { bigint: true });
    const first = inodes.get(stat.ino);
    inodes.set(stat.ino, first ?? name);
    seen[name] = {
      mode: (stat.mode & 0o170000n) === 0o120000n ? 'link' : (Number(stat.mode) & 0o177777).toString(8),
      mtime: String(stat.mtimeNs),
      ...(stat.isFile() && { size: Number(stat.size), sha256: hash('sha256', fs.readFileSync(path)) }),
      ...(stat.isSymbolicLink() && { target: fs.readlinkSync(path) }),
      ...(first !== undefined && { sameAs: first }),
    };
    if (!stat.isDirectory()) return;
    for (const child of fs.readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare)) {
      look(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`);
    }
  };
  look(Buffer.from(folder), '');
  return seen;
}

/** A small folder with one of each that a user may have. */
function makeFolder(folder: string): void {
  const write = (name: string, bytes: string | Buffer, mode = 0o644): void => {
    fs.mkdirSync(dirname(join(folder, name)), { recursive: true });
    fs.writeFileSync(join(folder, name), bytes, { mode });
    fs.chmodSync(join(folder, name), mode);
  };
  write('read me.txt', 'Format version 1 is read for ever.\n');
  write('empty', '');
  write('tools/run', '#!/bin/sh\nexit 0\n', 0o755);
  write('deep/er/näme', 'a name that is not ASCII\n');
  // above the size up to which a file is one blob: cut by content
  write('table.csv', Array.from({ length: 3000 }, (_, row) => `${row},value ${row % 7}\n`).join(''));
  fs.symlinkSync('../read me.txt', join(folder, 'tools/link'));
  fs.symlinkSync('nowhere', join(folder, 'dangling'));
  fs.linkSync(join(folder, 'read me.txt'), join(folder, 'deep/same file'));
  fs.mkdirSync(join(folder, 'nothing here'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xe4, 0x62])]), 'a name that is not UTF-8\n');
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'latin1' }).sort();
  for (const [number, name] of names.entries()) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
    fs.lutimesSync(path, 1_700_000_000, 1_700_000_000 + number + 0.25);
  }
  fs.utimesSync(folder, 1_700_000_000, 1_700_000_000.5);
}

export const listed = ['the first part, ', 'the second part, ', 'and the last'];

async function make(name: keyof typeof sealings, folder: string): Promise<void> {
  const store = memoryStore();
  const secrets = { random: systemRandom, passphrase: goldenPassphrase };
  await Vault.create(store, sealings[name], at(0), secrets);
  const vault = await Vault.open(store, secrets);
  const writer = await vault.writer();
  const context: CaptureContext = {
    ...{ sink: writer, previous: undefined, cadence: 'full', revision: undefined },
    ...{ deadline: noDeadline, clock: new VirtualClock(at(1)), log: silentLog },
  };
  const source = filesSource({ path: folder, exclude: [], allowEmpty: false });
  const results = [];
  for (const shard of await source.split(context)) {
    const outcome = await source.capture(shard, undefined, context);
    if (!outcome.done) throw new Error('not captured at once');
    results.push(outcome.result);
  }
  const { root, totals, details, problems } = await source.combine(results, context);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));

  // a file in chunk lists takes millions of bytes when it comes from a source; the form is the same with few
  const blobs = listed.map((part) => writer.put(Buffer.from(part), 'data'));
  const lists = [blobs.slice(0, 2), blobs.slice(2)].map((ids) => writer.put(encodeChunkList(ids), 'tree'));
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: '1700000000000000000' };
  const tree: Tree = {
    entries: [{ name: 'listed', type: 'file', ...attributes, size: listed.join('').length, lists }],
  };
  const other = writer.put(encodeTree(tree), 'tree');
  const { stored } = await writer.finish();
  await vault.snapshots.commit({ ...snapshotOf(root, 1, 'folder'), totals: { ...totals, stored }, details });
  await vault.snapshots.commit(snapshotOf(other, 2, 'lists'));
  for await (const { key } of store.list('')) {
    const path = join(goldenFolder, name, key);
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, await store.get(key), { flag: 'wx' });
  }
}

if (import.meta.main) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'golden-'));
  makeFolder(folder);
  for (const name of ['open', 'sealed'] as const) await make(name, folder);
  const seen = JSON.stringify(picture(folder), undefined, 1);
  fs.writeFileSync(join(goldenFolder, 'expected.json'), `${seen}\n`, { flag: 'wx' });
  fs.rmSync(folder, { recursive: true });
}
