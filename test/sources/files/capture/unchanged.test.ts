/** The second capture: what it may take over from the first, and what it must not. */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeTree } from '../../../../src/format/tree.ts';
import { native } from '../../../../src/sources/files/native.ts';
import { MemoryContent } from '../../memory-content.ts';
import { Trial } from '../trial.ts';

function tree(trial: Trial): void {
  mkdirSync(join(trial.path, 'a/deep'), { recursive: true });
  mkdirSync(join(trial.path, 'b'));
  for (const path of ['a/1', 'a/2', 'a/deep/3', 'b/4', '5'])
    writeFileSync(join(trial.path, path), `content of ${path}`);
  symlinkSync('5', join(trial.path, 'b/link'));
}

/** Puts size and modification time back after an edit, as a program that hides its traces would. */
function editUnseen(path: string, edit: (path: string) => void): void {
  const { atime, mtime, size } = lstatSync(path);
  edit(path);
  truncateSync(path, size);
  utimesSync(path, atime, mtime);
}

test('nothing changed: nothing is read, stored or listed again, and the root is the same', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  const { puts } = trial.content;
  const second = await trial.again(first);
  expect(second.root).toBe(first.root);
  expect(second.totals).toEqual({ ...first.totals, read: 0 });
  // Only the root's listing, which closes the parts of all shards.
  expect(trial.content.puts - puts).toBe(1);
});

test('one file changed: it is read, and the listings up to the root are new', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  const { puts } = trial.content;
  appendFileSync(join(trial.path, 'a/deep/3'), '!');
  const second = await trial.again(first);
  expect(second.totals.read).toBe('content of a/deep/3!'.length);
  expect(trial.content.puts - puts).toBe(4);
  expect((await trial.entry(second, 'b')).tree).toBe((await trial.entry(first, 'b')).tree);
  expect(await trial.entry(second, 'b')).toEqual(await trial.entry(first, 'b'));
});

test('F9 an edit that puts size and modification time back is seen', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  const path = join(trial.path, 'a/1');
  const before = lstatSync(path, { bigint: true });
  editUnseen(path, () => writeFileSync(path, 'CONTENT OF a/1'));
  if (native) native.setModified(path, before.mtimeNs);
  const after = lstatSync(path, { bigint: true });
  expect([after.size, native ? after.mtimeNs : 0n]).toEqual([before.size, native ? before.mtimeNs : 0n]);
  const second = await trial.again(first);
  const { blobs } = await trial.entry(second, 'a/1');
  expect(trial.content.blobAtHand(blobs![0]!)!.toString()).toBe('CONTENT OF a/1');
  expect(second.totals.read).toBe(14);
});

test('F9 writing into a file of several names changes no earlier snapshot, and all names in the next', async () => {
  const trial = new Trial();
  tree(trial);
  linkSync(join(trial.path, 'a/1'), join(trial.path, 'b/1'));
  const first = await trial.capture();
  editUnseen(join(trial.path, 'b/1'), (path) => writeFileSync(path, 'in place: a/1!'));
  const second = await trial.again(first);
  const text = async (captured: typeof first, path: string): Promise<string> =>
    trial.content.blobAtHand((await trial.entry(captured, path)).blobs![0]!)!.toString();
  expect([await text(first, 'a/1'), await text(first, 'b/1')]).toEqual(['content of a/1', 'content of a/1']);
  expect([await text(second, 'a/1'), await text(second, 'b/1')]).toEqual(['in place: a/1!', 'in place: a/1!']);
  expect(second.totals.read).toBe(14);
});

test('F9 a write straight after the reading, within the tick of the clock, is seen', async () => {
  const trial = new Trial();
  for (let round = 0; round < 20; round += 1) {
    writeFileSync(join(trial.path, 'busy'), `${round}a`);
    const first = await trial.capture();
    writeFileSync(join(trial.path, 'busy'), `${round}b`);
    const { blobs } = await trial.entry(await trial.again(first), 'busy');
    expect(trial.content.blobAtHand(blobs![0]!)!.toString()).toBe(`${round}b`);
  }
});

test('another file moved over it, with its size and time', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  const path = join(trial.path, '5');
  writeFileSync(join(trial.path, 'new'), 'CONTENT OF 5');
  const { atime, mtime } = lstatSync(path);
  utimesSync(join(trial.path, 'new'), atime, mtime);
  renameSync(join(trial.path, 'new'), path);
  expect((await trial.again(first)).totals.read).toBe(12);
});

test('permissions changed: the entry is new and the content is the same', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  chmodSync(join(trial.path, 'a/1'), 0o400);
  const second = await trial.again(first);
  expect(await trial.entry(second, 'a/1')).toMatchObject({
    mode: 0o400,
    blobs: (await trial.entry(first, 'a/1')).blobs,
  });
});

test('a second name given or taken away shows in both entries', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  linkSync(join(trial.path, '5'), join(trial.path, 'b/5'));
  const second = await trial.again(first);
  expect((await trial.entry(second, '5')).hardlink).toBe((await trial.entry(second, 'b/5')).hardlink);
  expect((await trial.entry(second, '5')).hardlink).toBeDefined();
  unlinkSync(join(trial.path, 'b/5'));
  expect((await trial.entry(await trial.again(second), '5')).hardlink).toBeUndefined();
});

test('entries come and go, and change their type', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  rmSync(join(trial.path, 'a/deep'), { recursive: true });
  writeFileSync(join(trial.path, 'a/deep'), 'a file now');
  unlinkSync(join(trial.path, '5'));
  mkdirSync(join(trial.path, '5/6'), { recursive: true });
  writeFileSync(join(trial.path, '0'), 'first');
  writeFileSync(join(trial.path, 'z'), 'last');
  const second = await trial.again(first);
  expect(await trial.paths(second)).toEqual([
    '0',
    '5/',
    '5/6/',
    'a/',
    'a/1',
    'a/2',
    'a/deep',
    'b/',
    'b/4',
    'b/link',
    'z',
  ]);
  expect(second.root).toBe((await trial.capture()).root);
  expect(second.problems).toEqual([]);
});

test('what an incremental capture takes is what a full one takes', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  appendFileSync(join(trial.path, 'b/4'), 'more');
  const second = await trial.again(first);
  const full = await trial.again(second, 'full');
  expect(full.root).toBe(second.root);
  expect(full.totals.read).toBe(full.totals.bytes);
});

describe('what the vault has lost', () => {
  test('a blob that is not there any more is read and stored again', async () => {
    const trial = new Trial();
    tree(trial);
    const first = await trial.capture();
    const [lost] = (await trial.entry(first, 'b/4')).blobs!;
    trial.content.blobs.delete(lost!);
    const second = await trial.again(first);
    expect(second.root).toBe(first.root);
    expect(second.totals.read).toBe('content of b/4'.length);
    expect(trial.content.holds([lost!])).toBe(true);
  });

  test('so is a chunk list', async () => {
    const trial = new Trial({}, new MemoryContent({ smallFile: 10, piece: 8 }));
    writeFileSync(join(trial.path, 'huge'), Buffer.alloc(8 * 1200, 1));
    const first = await trial.capture();
    trial.content.blobs.delete((await trial.entry(first, 'huge')).lists![1]!);
    expect((await trial.again(first)).totals.read).toBe(9600);
  });

  test('a listing that cannot be read is not relied on, nor is its directory', async () => {
    const trial = new Trial();
    tree(trial);
    const first = await trial.capture();
    const lost = (await trial.entry(first, 'a/deep')).tree!;
    trial.content.blobs.delete(lost);
    const second = await trial.again(first);
    expect(second.root).toBe(first.root);
    expect(second.totals.read).toBe('content of a/deep/3'.length);
    expect(trial.content.holds([lost])).toBe(true);
  });

  test('one that can be read from elsewhere, but is not in this vault, is stored again', async () => {
    const trial = new Trial();
    tree(trial);
    const first = await trial.capture();
    const lost = (await trial.entry(first, 'a/deep')).tree!;
    const elsewhere = new MemoryContent();
    for (const [id, bytes] of trial.content.blobs) elsewhere.blobs.set(id, bytes);
    trial.content.blobs.delete(lost);
    const previous = { ...trial.previous(first), tree: (id: string) => elsewhere.tree(id) };
    expect((await trial.capture({ previous })).root).toBe(first.root);
    expect(trial.content.holds([lost])).toBe(true);
  });
});

test.skipIf(native === undefined)('an attribute set later is seen', async () => {
  const trial = new Trial();
  tree(trial);
  const first = await trial.capture();
  native!.setAttribute(join(trial.path, 'a/1'), 'user.x', Buffer.from('1'));
  native!.setAttribute(join(trial.path, 'b'), 'user.x', Buffer.from('2'));
  const second = await trial.again(first);
  expect((await trial.entry(second, 'a/1')).xattrs).toEqual({ 'user.x': 'MQ==' });
  expect((await trial.entry(second, 'b')).xattrs).toEqual({ 'user.x': 'Mg==' });
});

test.skipIf(native === undefined)('a snapshot taken where attributes could not be read is completed', async () => {
  const trial = new Trial();
  tree(trial);
  native!.setAttribute(join(trial.path, '5'), 'user.x', Buffer.from('1'));
  const first = await trial.capture();
  // As a machine without the calls would have left it: the same entries, without the attribute.
  const { entries } = await trial.content.tree(first.root);
  const root = trial.content.put(
    encodeTree({ entries: entries.map((entry) => ({ ...entry, xattrs: undefined })) }),
    'tree',
  );
  const complete = await trial.again({ ...first, root, details: { limits: ['no attributes'] } });
  expect((await trial.entry(complete, '5')).xattrs).toEqual({ 'user.x': 'MQ==' });
  expect(complete.totals.read).toBe(0);
  // With nothing to say so, the entries are relied on.
  const incomplete = await trial.again({ ...first, root, details: {} });
  expect((await trial.entry(incomplete, '5')).xattrs).toBeUndefined();
});

test('a file system that has another number now changes the keys of hard links, and all names follow', async () => {
  const trial = new Trial();
  tree(trial);
  linkSync(join(trial.path, '5'), join(trial.path, 'b/5'));
  const first = await trial.capture();
  const { entries } = await trial.content.tree(first.root);
  const moved = entries.map((entry) => (entry.name === '5' ? { ...entry, hardlink: '9999:1:1' } : entry));
  const root = trial.content.put(encodeTree({ entries: moved }), 'tree');
  const second = await trial.again({ ...first, root });
  expect(second.root).toBe(first.root);
  expect(second.totals).toEqual({ ...first.totals, read: 0 });
});

test('reading the source leaves no trace in it', async () => {
  const trial = new Trial();
  tree(trial);
  const stat = (): string[] =>
    ['', 'a', 'a/1', 'b/link'].map((path) => {
      const { mtimeNs, ctimeNs } = lstatSync(join(trial.path, path), { bigint: true });
      return `${mtimeNs} ${ctimeNs}`;
    });
  const before = stat();
  await trial.again(await trial.capture(), 'full');
  expect(stat()).toEqual(before);
  expect(readFileSync(join(trial.path, 'a/1'), 'utf8')).toBe('content of a/1');
});
