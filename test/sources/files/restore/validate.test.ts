/** Whatever differs between a target and its snapshot is found, and named. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeTree } from '../../../../src/format/tree.ts';
import { native } from '../../../../src/sources/files/native.ts';
import type { CapturedContent } from '../../../../src/sources/port.ts';
import { MemoryContent } from '../../memory-content.ts';
import { isRoot, Trial } from '../trial.ts';
import { validateInParts } from './in-parts.ts';

async function restored(): Promise<[Trial, CapturedContent]> {
  const trial = new Trial({}, new MemoryContent({ smallFile: 10_000, piece: 1_000 }));
  const at = (path: string): string => join(trial.path, path);
  mkdirSync(at('dir/sub'), { recursive: true });
  writeFileSync(at('file'), 'the bytes');
  writeFileSync(at('dir/sub/deep'), 'deep');
  writeFileSync(at('dir/twin'), 'the bytes');
  writeFileSync(at('large'), Buffer.alloc(55_555, 'large'));
  linkSync(at('file'), at('dir/linked'));
  symlinkSync('file', at('link'));
  spawnSync('mkfifo', [at('fifo')]);
  if (isRoot) spawnSync('mknod', [at('device'), 'c', '1', '3']);
  native?.setAttribute(at('file'), 'user.x', Buffer.from('1'));
  const captured = await trial.capture();
  expect((await trial.restore(captured)).problems).toEqual([]);
  return [trial, captured];
}

/** Leaves size and times as they were. */
function unseen(path: string, change: () => void): void {
  const { mtimeNs, atime, mtime } = lstatSync(path, { bigint: true });
  change();
  if (native) native.setModified(path, mtimeNs);
  else utimesSync(path, atime, mtime);
}

test('a good restore has no problems, and what was compared is counted', async () => {
  const [trial, captured] = await restored();
  expect(await trial.validate(captured)).toEqual({
    checked: { files: 5, directories: 2, others: isRoot ? 3 : 2, bytes: 55_555 + 9 + 9 + 4 },
    problems: [],
  });
});

type Case = readonly [title: string, path: string, what: RegExp, change: (at: (path: string) => string) => void];

const changes: readonly Case[] = [
  [
    'a byte that differs, with size and times as they were',
    'dir/twin',
    /other bytes .* from byte 0 on/,
    (at) => unseen(at('dir/twin'), () => writeFileSync(at('dir/twin'), 'the byteZ')),
  ],
  [
    'a byte far inside a large file',
    'large',
    /other bytes .* from byte 44000 on/,
    (at) =>
      unseen(at('large'), () => {
        const fd = openSync(at('large'), 'r+');
        writeSync(fd, '!', 44_444);
        closeSync(fd);
      }),
  ],
  [
    'the last byte',
    'large',
    /from byte 55000 on/,
    (at) =>
      unseen(at('large'), () => {
        const fd = openSync(at('large'), 'r+');
        writeSync(fd, '!', 55_554);
        closeSync(fd);
      }),
  ],
  [
    'a file cut short',
    'large',
    /has 55554 bytes and should have 55555/,
    (at) => unseen(at('large'), () => truncateSync(at('large'), 55_554)),
  ],
  [
    'a file grown',
    'dir/sub/deep',
    /has 5 bytes/,
    (at) => unseen(at('dir/sub/deep'), () => appendFileSync(at('dir/sub/deep'), '!')),
  ],
  ['a file missing', 'dir/sub/deep', /is missing/, (at) => unseen(at('dir/sub'), () => rmSync(at('dir/sub/deep')))],
  [
    'a directory missing',
    'dir/sub',
    /is missing/,
    (at) => unseen(at('dir'), () => rmSync(at('dir/sub'), { recursive: true })),
  ],
  [
    'a file too much',
    'dir/extra',
    /should not be/,
    (at) => unseen(at('dir'), () => writeFileSync(at('dir/extra'), '')),
  ],
  ['a directory too much', 'extra', /should not be/, (at) => unseen(at(''), () => mkdirSync(at('extra')))],
  ['permissions', 'file', /has permissions 640 and should have 644/, (at) => chmodSync(at('file'), 0o640)],
  ['setuid', 'dir/twin', /has permissions 4644/, (at) => chmodSync(at('dir/twin'), 0o4644)],
  ["a directory's permissions", 'dir', /has permissions 700/, (at) => chmodSync(at('dir'), 0o700)],
  ["the root's permissions", '', /has permissions 700/, (at) => chmodSync(at(''), 0o700)],
  ['a time', 'dir/twin', /has modification time/, (at) => utimesSync(at('dir/twin'), 5, 5)],
  ["a directory's time", 'dir/sub', /has modification time/, (at) => utimesSync(at('dir/sub'), 5, 5)],
  ["a link's time", 'link', /has modification time/, (at) => lutimesSync(at('link'), 5, 5)],
  [
    "a link's target",
    'link',
    /links to another target/,
    (at) =>
      unseen(at(''), () =>
        unseen(at('link'), () => {
          unlinkSync(at('link'));
          symlinkSync('fire', at('link'));
        }),
      ),
  ],
  [
    'a link in the place of a file',
    'dir/twin',
    /is a symlink and should be a file/,
    (at) =>
      unseen(at('dir'), () => {
        unlinkSync(at('dir/twin'));
        symlinkSync('../file', at('dir/twin'));
      }),
  ],
  [
    'a file in the place of a FIFO',
    'fifo',
    /is a file and should be a fifo/,
    (at) =>
      unseen(at(''), () => {
        unlinkSync(at('fifo'));
        writeFileSync(at('fifo'), '');
      }),
  ],
  [
    'A15 a copy in the place of a hard link',
    'file',
    /should be a hard link/,
    (at) =>
      unseen(at('dir'), () =>
        unseen(at('dir/linked'), () => {
          renameSync(at('dir/linked'), at('dir/old'));
          copyFileSync(at('dir/old'), at('dir/linked'));
          native?.setAttribute(at('dir/linked'), 'user.x', Buffer.from('1'));
          unlinkSync(at('dir/old'));
        }),
      ),
  ],
];

const exactChanges: readonly Case[] = [
  [
    'one nanosecond',
    'dir/twin',
    /has modification time/,
    (at) => {
      native!.setModified(at('dir/twin'), lstatSync(at('dir/twin'), { bigint: true }).mtimeNs + 1n);
    },
  ],
  [
    'an extended attribute',
    'dir/linked',
    /extended attributes/,
    (at) => native!.setAttribute(at('file'), 'user.x', Buffer.from('2')),
  ],
  [
    'an extended attribute too much',
    'dir/sub',
    /extended attributes/,
    (at) => native!.setAttribute(at('dir/sub'), 'user.y', Buffer.from('2')),
  ],
  [
    'an extended attribute missing',
    'dir/linked',
    /extended attributes/,
    (at) => native!.removeAttribute(at('file'), 'user.x'),
  ],
];

const rootChanges: readonly Case[] = [
  ['an owner', 'dir/twin', /belongs to 5:0 and should belong to 0:0/, (at) => chownSync(at('dir/twin'), 5, 0)],
  ["a link's group", 'link', /belongs to 0:5/, (at) => lchownSync(at('link'), 0, 5)],
  [
    'another device',
    'device',
    /another device/,
    (at) =>
      unseen(at(''), () =>
        unseen(at('device'), () => {
          unlinkSync(at('device'));
          spawnSync('mknod', [at('device'), 'c', '1', '5']);
        }),
      ),
  ],
];

async function found(change: Case[3]): Promise<readonly { path: string; what: string }[]> {
  const [trial, captured] = await restored();
  change((path) => join(trial.target, path));
  const { problems } = await trial.validate(captured);
  // divided among several, they find the same
  for (const cuts of [['dir/sub'], ['dir/sub/deep', 'dir/twin', 'fifo', 'large'], ['dir/linked', 'file']]) {
    const inParts = await validateInParts(trial, captured, cuts);
    expect(inParts.problems).toHaveLength(problems.length);
    // of two names of one file, either may be the one that is told of
    expect(new Set(inParts.problems.map(({ what }) => what))).toEqual(new Set(problems.map(({ what }) => what)));
  }
  return problems;
}

describe('A9 what is not as it should be is found', () => {
  test.each(changes)('%s', async (_title, path, what, change) => {
    expect(await found(change)).toContainEqual({ path, what: expect.stringMatching(what) });
  });
  test.skipIf(!native).each(exactChanges)('%s', async (_title, path, what, change) => {
    expect(await found(change)).toContainEqual({ path, what: expect.stringMatching(what) });
  });
  test.skipIf(!isRoot).each(rootChanges)('%s', async (_title, path, what, change) => {
    expect(await found(change)).toContainEqual({ path, what: expect.stringMatching(what) });
  });

  test('two files that should be apart, linked into one', async () => {
    const problems = await found((at) =>
      unseen(at('dir'), () => {
        unlinkSync(at('dir/twin'));
        linkSync(at('file'), at('dir/twin'));
      }),
    );
    expect(problems.map(({ what }) => what)).toContain('is one file with another that it should be apart from');
  });

  test('a file that is longer than all of its blobs', async () => {
    const trial = new Trial();
    const blobs = [trial.content.put(Buffer.from('four'), 'data')];
    const entry = { name: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: '0', size: 6, blobs } as const;
    const root = trial.content.put(encodeTree({ entries: [entry] }), 'tree');
    mkdirSync(trial.target);
    writeFileSync(join(trial.target, 'a'), 'four56');
    const { problems } = await trial.validate({ root, details: {} } as unknown as CapturedContent);
    expect(problems.map(({ what }) => what)).toContain('has other bytes than it should have, from byte 4 on');
  });

  test('nothing there at all', async () => {
    const [trial, captured] = await restored();
    rmSync(trial.target, { recursive: true });
    expect((await trial.validate(captured)).problems).toEqual([{ path: '', what: 'cannot be read back (ENOENT)' }]);
  });

  test('an old file of another snapshot where nothing was restored', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.path, 'a'), 'new');
    const captured = await trial.capture();
    mkdirSync(trial.target);
    writeFileSync(join(trial.target, 'a'), 'old');
    const { problems } = await trial.validate(captured);
    expect(problems).toContainEqual({ path: 'a', what: 'has other bytes than it should have, from byte 0 on' });
  });
});

test('validating changes nothing', async () => {
  const [trial, captured] = await restored();
  const changed = (): bigint[] =>
    ['', 'dir', 'file', 'link'].map((path) => lstatSync(join(trial.target, path), { bigint: true }).ctimeNs);
  const before = changed();
  await trial.validate(captured);
  expect(changed()).toEqual(before);
});
