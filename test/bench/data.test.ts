/** The bench's data is the same every time, and the attic keeps names and gives back bytes. */
import { hash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Attic } from '../../bench/data/attic.ts';
import { dataSets } from '../../bench/data/catalogue.ts';
import { changeFiles, filesIn } from '../../bench/data/change.ts';
import { bytesStored, contentsOf, copyOf } from '../../bench/data/folder.ts';
import { checkOut } from '../../bench/data/history.ts';
import { madeData } from '../../bench/data/kept.ts';
import { makeImage, makeMedia, writeIntoImage } from '../../bench/data/large.ts';
import { copyPackages } from '../../bench/data/packages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tidemark-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Names, bytes and times of all files. */
function fingerprint(tree: string): string {
  const lines = filesIn(tree).map((file) => {
    const { mtimeMs, mode } = lstatSync(file);
    return `${path.relative(tree, file)} ${mode} ${mtimeMs} ${hash('sha256', readFileSync(file))}`;
  });
  return hash('sha256', lines.join('\n'));
}

function smallTree(name: string, files = 500): string {
  const tree = path.join(folder, name);
  for (let file = 0; file < files; file += 1) {
    const directory = path.join(tree, `part-${file % 7}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, `file-${file}`), `${file}\n`.repeat(file));
  }
  return tree;
}

describe('one file in a hundred is changed', () => {
  test('in the same way every time, and in another with another seed', () => {
    // The times of what is not changed are the copy's, so that they are the same.
    const one = smallTree('one');
    const copies = ['two', 'three'].map((name) => path.join(folder, name));
    for (const copy of copies) copyOf(one, copy);
    const before = fingerprint(one);
    expect(copies.map(fingerprint)).toEqual([before, before]);
    const done = changeFiles(one, 1);
    expect(changeFiles(copies[0]!, 1)).toEqual(done);
    changeFiles(copies[1]!, 2);
    expect(fingerprint(one)).not.toBe(before);
    expect(fingerprint(copies[0]!)).toBe(fingerprint(one));
    expect(fingerprint(copies[1]!)).not.toBe(fingerprint(one));
  });

  test('as many as it says, each file once', () => {
    const tree = smallTree('tree');
    const before = new Map(filesIn(tree).map((file) => [file, readFileSync(file, 'latin1')]));
    const done = changeFiles(tree, 3, 0.2);
    const after = new Map(filesIn(tree).map((file) => [file, readFileSync(file, 'latin1')]));
    const edited = [...before].filter(([file, bytes]) => after.has(file) && after.get(file) !== bytes);
    const gone = [...before.keys()].filter((file) => !after.has(file));
    const fresh = [...after.keys()].filter((file) => !before.has(file));
    expect(Object.values(done).reduce((sum, count) => sum + count)).toBe(100);
    expect(Object.values(done).every((count) => count > 0)).toBe(true);
    expect(edited).toHaveLength(done.edit + done.append);
    expect(gone).toHaveLength(done.remove + done.rename);
    expect(fresh).toHaveLength(done.add + done.rename);
  });
});

test('packages are copied without what is too large, with times of their own', () => {
  const installed = smallTree('installed', 50);
  writeFileSync(path.join(installed, '.package-lock.json'), '{}');
  symlinkSync('file-1', path.join(installed, 'part-1', 'link'));
  const options = { largest: 100, share: 100 };
  for (const name of ['one', 'two']) copyPackages(installed, path.join(folder, name), options);
  expect(fingerprint(path.join(folder, 'one'))).toBe(fingerprint(path.join(folder, 'two')));
  const sizes = filesIn(path.join(folder, 'one')).map((file) => lstatSync(file).size);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
  expect(sizes.length).toBeGreaterThan(30);
  expect(existsSync(path.join(folder, 'one', '.package-lock.json'))).toBe(false);
  expect(lstatSync(path.join(folder, 'one', 'part-1', 'link')).isSymbolicLink()).toBe(true);
});

test('a release over another touches only what differs, and leaves what the release has', () => {
  const releases = path.join(folder, 'releases');
  const write = (name: string, bytes: string): void => {
    mkdirSync(path.dirname(path.join(releases, name)), { recursive: true });
    writeFileSync(path.join(releases, name), bytes);
  };
  for (const [name, bytes] of [
    ['v01/same', 'same'],
    ['v01/changes', 'one'],
    ['v01/gone/file', 'x'],
    ['v02/same', 'same'],
    ['v02/changes', 'two'],
    ['v02/new/file', 'y'],
  ] as const)
    write(name, bytes);
  const tree = path.join(folder, 'tree');
  checkOut(releases, 0, tree);
  const times = (name: string): number => lstatSync(path.join(tree, name)).mtimeMs;
  const [same, changes] = [times('same'), times('changes')];
  checkOut(releases, 1, tree);
  expect(filesIn(tree).map((file) => path.relative(tree, file))).toEqual(['changes', 'new/file', 'same']);
  expect(readFileSync(path.join(tree, 'changes'), 'utf8')).toBe('two');
  expect([times('same') === same, times('changes') === changes]).toEqual([true, false]);
  expect(readdirSync(tree)).not.toContain('gone');
});

test('media and images are the same every time; an image has holes', () => {
  for (const name of ['one', 'two']) {
    makeMedia(path.join(folder, name), 3);
    makeImage(path.join(folder, `${name}-image`), 1, 2);
    writeIntoImage(path.join(folder, `${name}-image`), 1, 7);
  }
  expect(fingerprint(path.join(folder, 'one'))).toBe(fingerprint(path.join(folder, 'two')));
  const image = lstatSync(path.join(folder, 'one-image', 'disk.img'));
  expect(image.size).toBe(1e9);
  expect(image.blocks * 512).toBeLessThan(1e7);
});

test('what a vault takes: names of one file count once, holes do not count', () => {
  const tree = path.join(folder, 'tree');
  mkdirSync(tree);
  writeFileSync(path.join(tree, 'file'), Buffer.alloc(10_000, 1));
  linkSync(path.join(tree, 'file'), path.join(tree, 'again'));
  makeImage(path.join(tree, 'image'), 1, 1);
  expect(bytesStored(tree)).toBeLessThan(3e6);
  expect(contentsOf(tree)).toEqual({ files: 3, bytes: 1_000_020_000 });
});

test('the attic gives back the bytes and keeps the names', () => {
  const tree = smallTree('tree', 20);
  const names = readdirSync(tree, { recursive: true });
  new Attic(path.join(folder, 'attic')).put(tree);
  const kept = path.join(folder, 'attic', '1');
  expect(existsSync(tree)).toBe(false);
  expect(readdirSync(kept, { recursive: true })).toEqual(names);
  expect(contentsOf(kept)).toEqual({ files: 20, bytes: 0 });
});

test('kept data is used again only when it is whole and of the same recipe', async () => {
  let made = 0;
  const set = (recipe: string) => ({
    ...dataSets(true, folder).media,
    recipe,
    make: async (place: string) => {
      made += 1;
      mkdirSync(place);
    },
  });
  const told = (): void => {};
  for (const recipe of ['one', 'one', 'two']) await madeData(set(recipe), folder, told);
  expect(made).toBe(2);
  rmSync(path.join(folder, 'media'), { recursive: true });
  await madeData(set('two'), folder, told);
  expect(made).toBe(3);
});

test('a quick bench has the data sets of a whole one, and retention has as many snapshots as it keeps twice', () => {
  for (const quick of [true, false]) {
    const { history, ...others } = dataSets(quick, folder);
    expect(1 + 1 + history.changes + history.more).toBe(2 * history.keep);
    expect(Object.values(others).every(({ more }) => more === 0)).toBe(true);
  }
});
