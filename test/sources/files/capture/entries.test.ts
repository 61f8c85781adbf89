/** What a capture takes down, entry by entry, and what it says when it cannot. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { native } from '../../../../src/sources/files/native.ts';
import { MemoryContent } from '../../memory-content.ts';
import { age, asNobody, isRoot, makeDeep, Trial } from '../trial.ts';

describe('every kind of entry', () => {
  test('a file: bytes, permissions, owner, times to the nanosecond, inode', async () => {
    const trial = new Trial();
    const path = join(trial.path, 'a.txt');
    writeFileSync(path, 'some bytes');
    chmodSync(path, 0o4751);
    native?.setModified(path, 1_234_567_890_123_456_789n);
    const entry = await trial.entry(await trial.capture(), 'a.txt');
    const stat = lstatSync(path, { bigint: true });
    expect(entry).toMatchObject({
      name: 'a.txt',
      type: 'file',
      mode: 0o4751,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: native ? '1234567890123456789' : String(stat.mtimeNs),
      ctime: String(stat.ctimeNs),
      inode: String(stat.ino),
      size: 10,
    });
    expect(entry.hardlink).toBeUndefined();
    expect(trial.content.blobAtHand(entry.blobs![0]!)!.toString()).toBe('some bytes');
  });

  test('times before 1970', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'old'), '');
    native?.setModified(join(trial.path, 'old'), -1_500_000_001n);
    expect((await trial.entry(await trial.capture(), 'old')).mtime).toBe('-1500000001');
  });

  test('an empty file has no blobs', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'empty'), '');
    expect(await trial.entry(await trial.capture(), 'empty')).toMatchObject({ size: 0, blobs: [] });
  });

  test('a large file is a stream of blobs; a huge one has chunk lists', async () => {
    const trial = new Trial({}, new MemoryContent({ smallFile: 100, piece: 64 }));
    writeFileSync(join(trial.path, 'small'), 'x'.repeat(100));
    writeFileSync(join(trial.path, 'large'), 'x'.repeat(101));
    writeFileSync(join(trial.path, 'huge'), Buffer.alloc(64 * 1500));
    const captured = await trial.capture();
    expect((await trial.entry(captured, 'small')).blobs).toHaveLength(1);
    expect((await trial.entry(captured, 'large')).blobs).toHaveLength(2);
    expect(await trial.entry(captured, 'huge')).toMatchObject({ size: 96_000, lists: { length: 3 } });
    expect(captured.totals).toMatchObject({ files: 3, bytes: 96_201, read: 96_201 });
  });

  test('a directory: its listing, and what lies below', async () => {
    const trial = new Trial();
    mkdirSync(join(trial.path, 'outer/inner'), { recursive: true });
    writeFileSync(join(trial.path, 'outer/a'), '12345');
    writeFileSync(join(trial.path, 'outer/inner/b'), '123');
    chmodSync(join(trial.path, 'outer'), 0o1777);
    const captured = await trial.capture();
    expect(await trial.entry(captured, 'outer')).toMatchObject({
      type: 'directory',
      mode: 0o1777,
      below: { files: 2, bytes: 8 },
    });
    expect(captured.totals).toEqual({ files: 2, directories: 2, others: 0, bytes: 8, read: 8 });
  });

  test('symbolic links: as they are, also where they point nowhere or are not UTF-8', async () => {
    const trial = new Trial();
    symlinkSync('no/such/../place', join(trial.path, 'dangling'));
    symlinkSync(Buffer.from([0x61, 0xff, 0x62]), join(trial.path, 'raw'));
    symlinkSync('.', join(trial.path, 'self'));
    const captured = await trial.capture();
    expect(await trial.entry(captured, 'dangling')).toMatchObject({ type: 'symlink', target: 'no/such/../place' });
    expect(await trial.entry(captured, 'raw')).toMatchObject({ type: 'symlink', targetBase64: 'Yf9i' });
    expect(captured.totals).toMatchObject({ files: 0, directories: 0, others: 3 });
  });

  test('FIFOs, sockets and devices are taken down and not opened', async () => {
    const trial = new Trial();
    // Opening this FIFO to read would wait for a writer for ever.
    spawnSync('mkfifo', [join(trial.path, 'fifo')]);
    if (isRoot) spawnSync('mknod', [join(trial.path, 'null'), 'c', '1', '3']);
    const server = createServer().listen(join(trial.path, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const captured = await trial.capture();
    await new Promise((resolve) => server.close(resolve));
    expect((await trial.entry(captured, 'fifo')).type).toBe('fifo');
    expect((await trial.entry(captured, 'socket')).type).toBe('socket');
    if (isRoot) expect(await trial.entry(captured, 'null')).toMatchObject({ type: 'character-device', device: '259' });
    expect(captured.problems).toEqual([]);
  });

  test('hard links have a key in common and their bytes are read and counted once', async () => {
    const trial = new Trial();
    mkdirSync(join(trial.path, 'sub'));
    writeFileSync(join(trial.path, 'one'), 'shared');
    linkSync(join(trial.path, 'one'), join(trial.path, 'sub/two'));
    linkSync(join(trial.path, 'one'), join(trial.folder, 'outside'));
    const captured = await trial.capture();
    const [one, two] = [await trial.entry(captured, 'one'), await trial.entry(captured, 'sub/two')];
    expect(one.hardlink).toMatch(/^\d+:\d+:\d+$/);
    expect(two.hardlink).toBe(one.hardlink);
    expect(two.blobs).toEqual(one.blobs);
    expect(captured.totals).toMatchObject({ files: 2, bytes: 6, read: 6 });
  });

  test('a sparse file is marked, its holes come as zeros and are not read', async () => {
    const trial = new Trial();
    const size = 64 * 1024 * 1024;
    const fd = openSync(join(trial.path, 'sparse'), 'w');
    writeSync(fd, 'in the middle', 10_000_000);
    ftruncateSync(fd, size);
    closeSync(fd);
    const captured = await trial.capture();
    expect(await trial.entry(captured, 'sparse')).toMatchObject({ sparse: true, size });
    expect(captured.totals.bytes).toBe(size);
    if (native) expect(captured.totals.read).toBeLessThan(100_000);
  });

  test.skipIf(native === undefined)('extended attributes of files and directories', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'file'), '');
    mkdirSync(join(trial.path, 'dir'));
    native!.setAttribute(join(trial.path, 'file'), 'user.origin', Buffer.from([0, 1, 255]));
    native!.setAttribute(join(trial.path, 'file'), 'user.b', Buffer.from('2'));
    native!.setAttribute(join(trial.path, 'dir'), 'user.empty', Buffer.alloc(0));
    const captured = await trial.capture();
    expect((await trial.entry(captured, 'file')).xattrs).toEqual({ 'user.b': 'Mg==', 'user.origin': 'AAH/' });
    expect((await trial.entry(captured, 'dir')).xattrs).toEqual({ 'user.empty': '' });
    expect(captured.details.limits).toBeUndefined();
  });

  test.skipIf(!native || !isRoot)('what a machine labels its files with is not theirs', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'file'), '');
    native!.setAttribute(join(trial.path, 'file'), 'security.selinux', Buffer.from('a label'));
    native!.setAttribute(join(trial.path, 'file'), 'trusted.own', Buffer.from('1'));
    const captured = await trial.capture();
    expect((await trial.entry(captured, 'file')).xattrs).toEqual({ 'trusted.own': 'MQ==' });
    await trial.restore(captured);
    native!.setAttribute(join(trial.target, 'file'), 'security.selinux', Buffer.from('another label'));
    expect((await trial.validate(captured)).problems).toEqual([]);
  });

  test('the root itself is in the details', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'a'), '');
    chmodSync(trial.path, 0o2750);
    age(trial.path);
    expect((await trial.capture()).details.directory).toMatchObject({ mode: 0o2750, mtime: '1700000000000000000' });
  });
});

describe('names', () => {
  test('entries are in byte order, which is not the order of UTF-16', async () => {
    const trial = new Trial();
    const names = ['B', 'a', 'é', '\u{10000}', '\uff5e', 'a.b', 'a-b', '\ue000'];
    for (const name of names) writeFileSync(join(trial.path, name), name);
    const order = names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    expect(await trial.paths(await trial.capture())).toEqual(order);
    expect(order).not.toEqual(names.toSorted());
  });

  test('new lines, backslashes, quotes, leading dashes, 255 bytes', async () => {
    const trial = new Trial();
    const names = ['a\nb', 'a\\b', '"', "'", '-rf', ' ', '..x', '*', '\u0001', 'é'.repeat(127), 'n'.repeat(255)];
    for (const name of names) writeFileSync(join(trial.path, name), name);
    const captured = await trial.capture();
    expect((await trial.paths(captured)).toSorted()).toEqual(names.toSorted());
    expect(captured.problems).toEqual([]);
  });

  test('names that are not UTF-8, next to a U+FFFD that is one', async () => {
    const trial = new Trial();
    const raw = Buffer.from([0x61, 0xff]);
    const inRaw = Buffer.concat([Buffer.from(`${trial.path}/`), raw, Buffer.from('/inside')]);
    mkdirSync(inRaw.subarray(0, -7));
    writeFileSync(inRaw, 'x');
    writeFileSync(join(trial.path, 'a\ufffd'), 'y');
    const captured = await trial.capture();
    expect(await trial.paths(captured)).toEqual(['a\ufffd', 'base64:Yf8=/', 'base64:Yf8=/inside']);
    expect(captured.totals).toMatchObject({ files: 2, bytes: 2 });
    expect((await trial.again(captured)).totals.read).toBe(0);
  });

  test('a path of more than 4,000 bytes', async () => {
    const trial = new Trial();
    makeDeep(trial.path, Array(17).fill('d'.repeat(250)), () => writeFileSync('bottom', 'deep\n'));
    const captured = await trial.capture();
    const bottom = (await trial.paths(captured)).at(-1)!;
    expect(bottom).toHaveLength(17 * 251 + 'bottom'.length);
    expect(captured.problems).toEqual([]);
    expect(captured.totals).toMatchObject({ files: 1, directories: 17, bytes: 5 });
    expect((await trial.again(captured)).totals.read).toBe(0);
  });
});

describe('what the source is', () => {
  test('A6 a source that is not there is an error, with what to do', async () => {
    const trial = new Trial();
    rmSync(trial.path, { recursive: true });
    for (const call of [() => trial.source.split(trial.captureContext()), () => trial.capture()]) {
      await expect(call()).rejects.toMatchObject({ name: 'SourceMissing', hint: expect.stringContaining('mounted') });
    }
  });

  test('A5 an empty source is no success: the first time an error, later for the totals to tell', async () => {
    const trial = new Trial();
    mkdirSync(join(trial.path, 'empty'));
    await expect(trial.capture()).rejects.toMatchObject({
      name: 'SourceMissing',
      hint: expect.stringContaining('allowEmpty: true'),
    });
    writeFileSync(join(trial.path, 'a'), 'x');
    const before = await trial.capture();
    rmSync(join(trial.path, 'a'));
    expect((await trial.again(before)).totals.files).toBe(0);
  });

  test('a source that may be empty', async () => {
    const trial = new Trial({ allowEmpty: true });
    expect((await trial.capture()).totals).toEqual({ files: 0, directories: 0, others: 0, bytes: 0, read: 0 });
  });

  test('a single file is a tree with that file', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'wanted'), 'w');
    writeFileSync(join(trial.path, 'other'), 'o');
    trial.source = trial.sourceWith({ path: join(trial.path, 'wanted') });
    const captured = await trial.capture();
    expect(await trial.paths(captured)).toEqual(['wanted']);
    expect(captured.details.directory).toBeUndefined();
    expect((await trial.again(captured)).totals).toMatchObject({ files: 1, read: 0 });
  });

  test('a link to the directory is followed, a FIFO is refused', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'a'), '1');
    symlinkSync(trial.path, join(trial.folder, 'link'));
    trial.source = trial.sourceWith({ path: join(trial.folder, 'link') });
    expect(await trial.paths(await trial.capture())).toEqual(['a']);
    spawnSync('mkfifo', [join(trial.folder, 'fifo')]);
    trial.source = trial.sourceWith({ path: join(trial.folder, 'fifo') });
    await expect(trial.capture()).rejects.toMatchObject({ name: 'SourceMissing' });
  });

  test('what is excluded is not there, and no problem', async () => {
    const trial = new Trial({ exclude: ['*.tmp', 'cache/', '/top'] });
    for (const directory of ['cache', 'sub/cache', 'sub/top'])
      mkdirSync(join(trial.path, directory), { recursive: true });
    for (const path of ['a', 'b.tmp', 'cache/x', 'sub/c.tmp', 'sub/cache/y', 'sub/top/z', 'top']) {
      writeFileSync(join(trial.path, path), path);
    }
    const captured = await trial.capture();
    expect(await trial.paths(captured)).toEqual(['a', 'sub/', 'sub/top/', 'sub/top/z']);
    expect(captured.problems).toEqual([]);
    expect((await trial.again(captured)).root).toBe(captured.root);
  });
});

describe.skipIf(!isRoot)('what may not be read', () => {
  function guarded(): Trial {
    const trial = new Trial();
    mkdirSync(join(trial.path, 'closed'));
    mkdirSync(join(trial.path, 'listable'));
    for (const path of ['closed/in', 'listable/in', 'open', 'secret', 'zlast'])
      writeFileSync(join(trial.path, path), path);
    chmodSync(join(trial.path, 'closed'), 0o700);
    chmodSync(join(trial.path, 'listable'), 0o744);
    chmodSync(join(trial.path, 'secret'), 0o600);
    return trial;
  }

  test('A6 an unreadable file or directory is a problem, and the rest is taken', async () => {
    const trial = guarded();
    const captured = await asNobody(() => trial.capture());
    expect(captured.problems).toEqual([
      { path: 'closed', what: 'cannot be read (EACCES)' },
      { path: 'listable/in', what: 'cannot be read (EACCES)' },
      { path: 'secret', what: 'cannot be read (EACCES)' },
    ]);
    expect(await trial.paths(captured)).toEqual(['closed/', 'listable/', 'open', 'zlast']);
  });

  test('problems are as many in the next capture', async () => {
    const trial = guarded();
    await asNobody(async () => {
      const captured = await trial.capture();
      const again = await trial.again(captured);
      expect(again.problems).toEqual(captured.problems);
      expect(again.root).toBe(captured.root);
    });
  });

  test('a root that may not be read is an error', async () => {
    const trial = guarded();
    chownSync(trial.path, 0, 0);
    chmodSync(trial.path, 0o700);
    await expect(asNobody(() => trial.capture())).rejects.toMatchObject({
      name: 'SourceMissing',
      message: expect.stringContaining('EACCES'),
    });
  });
});
