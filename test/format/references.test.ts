/** What is read off a listing's bytes is what taking it apart gives, whatever the names are; of all else nothing is said. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { referencesIn, referencesOf } from '../../src/format/references.ts';
import { decodeTree, encodeTree, entryName, nameOf, type TreeEntry } from '../../src/format/tree.ts';

const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: '1' } as const;
const id = (digit: string): string => digit.repeat(64);
const bytesOf = (...entries: TreeEntry[]): Buffer => encodeTree({ entries });
const directory = (name: object, tree: string): TreeEntry =>
  ({ ...name, type: 'directory', ...attributes, tree }) as TreeEntry;

const wild = [
  'plain',
  'with space',
  'quote"tree":"',
  `"tree":"${id('f')}"`,
  '"blobs":["',
  '","tree":"',
  'back\\slash',
  'ends with \\',
  'ünï/cödé'.replace('/', ''),
  '漢字',
  'line\nbreak',
  '],"tree":1}',
  '"xattrs":',
];

test.each([...Array(200).keys()])('a listing drawn at random: seed %i', (seed) => {
  const random = seededRandom(seed);
  const draw = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const ids = (most: number): string[] =>
    Array.from({ length: random.below(most) }, () => random.bytes(32).toString('hex'));
  const entries = Array.from({ length: random.below(8) }, (_, at): TreeEntry => {
    const text = `${draw(wild)}${at}`;
    const name = random.below(6) === 0 ? nameOf(Buffer.from([0xff, 0xfe, at + 1])) : { name: text };
    const common = {
      ...name,
      ...attributes,
      ...(random.below(12) === 0 && { xattrs: { tree: id('e'), 'x"tree': 'YQ==' } }),
    };
    switch (random.below(4)) {
      case 0:
        return { ...common, type: 'directory', tree: id(draw(['a', 'b'])), below: { files: 1, bytes: 2 } };
      case 1:
        return { ...common, type: 'file', size: 1, lists: ids(3) };
      case 2:
        return { ...common, type: 'symlink', target: draw(wild) };
      default:
        return { ...common, type: 'file', size: 1, blobs: ids(5) };
    }
  }).sort((one, other) => Buffer.compare(entryName(one), entryName(other)));
  const bytes = encodeTree({ entries });
  const apart = referencesOf(decodeTree(bytes));
  const read = referencesIn(bytes);
  if (read) expect(read).toEqual(apart);
  // what is said nothing of is rare: names that are no text or need a backslash, and extended attributes
  else expect(bytes.toString()).toMatch(/"xattrs":|nameBase64|\\/);
});

describe('nothing is said of', () => {
  test.each([
    ['another version', Buffer.from('{"entries":[],"tree":2}')],
    ['members in another order', Buffer.from('{"tree":1,"entries":[]}')],
    ['white space', Buffer.from('{"entries": [],"tree":1}')],
    [
      'a listing with extended attributes',
      bytesOf({ name: 'a', type: 'file', ...attributes, size: 0, blobs: [], xattrs: { tree: id('e') } }),
    ],
    ['a directory whose name is no text', bytesOf(directory({ nameBase64: '//8=' }, id('a')))],
    [
      'such a directory behind one that has a name',
      bytesOf(directory({ name: 'a' }, id('a')), directory({ nameBase64: '//8=' }, id('b'))),
    ],
    ['a name with a backslash', bytesOf(directory({ name: 'a\\b' }, id('a')))],
    ['a list of ids that are none', Buffer.from('{"entries":[{"blobs":["abc"],"name":"a","type":"file"}],"tree":1}')],
    [
      'an id that is too long',
      Buffer.from(`{"entries":[{"name":"a","tree":"${id('a')}a","type":"directory"}],"tree":1}`),
    ],
    [
      'a directory whose name is not right before its listing',
      Buffer.from(`{"entries":[{"name":"a","size":1,"tree":"${id('a')}","type":"directory","uid":0}],"tree":1}`),
    ],
    [
      'an owner that is no number',
      Buffer.from('{"entries":[{"blobs":[],"name":"a","type":"file","uid":[0]}],"tree":1}'),
    ],
    ['what is no listing', Buffer.from('anything')],
  ])('%s', (_, bytes) => {
    expect(referencesIn(bytes)).toBeUndefined();
  });
});

test('names and ids of directories, ids of pieces and of lists', () => {
  const bytes = bytesOf(
    directory({ name: 'döner' }, id('a')),
    { name: 'e', type: 'file', ...attributes, size: 2, blobs: [id('1'), id('2')] },
    { name: 'f', type: 'file', ...attributes, size: 2, lists: [id('3')] },
    { name: 'g', type: 'file', ...attributes, size: 0, blobs: [] },
  );
  expect(referencesIn(bytes)).toEqual({
    names: ['döner'],
    trees: [id('a')],
    blobs: [id('1'), id('2')],
    lists: [id('3')],
  });
});
