/** What is stored is joined by hand for speed; the bytes are those of the plain way through `JSON.stringify`, whatever the values. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/core/json.ts';
import { isBlobId } from '../../src/format/blob.ts';
import { encodeChunkList, encodeTree, entryName, nameOf, type TreeEntry } from '../../src/format/tree.ts';

/** The definition: every object anew with its keys in order, and JSON of that. */
function byDefinition(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const sorted = Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(sorted);
  });
}

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    '"',
    '\\',
    '\n',
    '\u2028',
    '\x7f',
    'é',
    '\ud83d\ude00',
    '\ud83d',
    '\uffff',
    '\ufffd',
    'a"b',
    '__proto__',
  ),
);
const key = fc.oneof(oddText, fc.constantFrom('10', '9', '007', '4294967294', '4294967295', '-1', '1e3', 'toJSON'));
const date = fc.date({ noInvalidDate: true });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(oddText, fc.double(), fc.integer(), fc.boolean(), fc.constantFrom(null, undefined, -0, 1e21), date),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));

test('canonical JSON is what its definition says', () => {
  fc.assert(
    fc.property(value, (any) => {
      expect(canonicalJson(any)).toBe(byDefinition(any));
    }),
    { numRuns: 2000 },
  );
});

const decimal = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(String);
const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const count = fc.maxSafeNat();
const nameBytes = fc.oneof(
  oddText.map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: fc.constantFrom(...'ab.Z'), minLength: 1, maxLength: 3 }).map((text) => Buffer.from(text)),
);

/** What nearly every entry has; each draw keeps most of it, in an order of its own, and now and then adds something. */
const usual = {
  file: { blobs: fc.array(id, { maxLength: 3 }), size: count },
  directory: { below: fc.record({ files: count, bytes: count }), tree: id },
  symlink: { target: oddText },
  fifo: {},
};
const seldom = {
  hardlink: decimal,
  lists: fc.array(id, { maxLength: 3 }),
  sparse: fc.constant(true),
  targetBase64: fc.base64String(),
  device: decimal,
  xattrs: fc.dictionary(key, fc.base64String(), { maxKeys: 4 }),
  size: fc.constant(undefined),
  below: fc.record({ files: count, bytes: count, later: count }),
  unheardOf: value,
  '7': count,
};
/** Mostly a single one, as it takes only one to need the long way. */
const seldomOnes = fc.oneof(
  ...Object.entries(seldom).map(([member, arbitrary]) => fc.record({ [member]: arbitrary as fc.Arbitrary<unknown> })),
  fc.record(seldom, { requiredKeys: [] }),
);
const entry: fc.Arbitrary<TreeEntry> = fc
  .constantFrom(...(Object.keys(usual) as (keyof typeof usual)[]))
  .chain((type) =>
    fc
      .tuple(
        nameBytes.map(nameOf),
        fc.record({
          mode: fc.nat(0o7777),
          uid: count,
          gid: count,
          mtime: fc.oneof({ arbitrary: decimal, weight: 9 }, oddText),
        }),
        fc.record({ ctime: decimal, inode: decimal }, { requiredKeys: [] }),
        fc.record(usual[type] as Record<string, fc.Arbitrary<unknown>>),
        fc.option(seldomOnes, { nil: {}, freq: 2 }),
        fc.infiniteStream(fc.nat()),
      )
      .map(([name, always, often, own, added, order]) => {
        const members = Object.entries({ ...name, type, ...always, ...often, ...own, ...added });
        const places = new Map(members.map(([member]) => [member, order.next().value as number]));
        return Object.fromEntries(members.sort(([one], [other]) => places.get(one)! - places.get(other)!)) as never;
      }),
  );

const listing = fc
  .uniqueArray(entry, { maxLength: 8, selector: (one) => entryName(one).toString('hex') })
  .map((entries) => entries.sort((one, other) => Buffer.compare(entryName(one), entryName(other))));

test('a listing is stored as its canonical JSON', () => {
  fc.assert(
    fc.property(listing, (entries) => {
      expect(encodeTree({ entries }).toString()).toBe(byDefinition({ tree: 1, entries }));
    }),
    { numRuns: 1000 },
  );
});

test('two entries are refused unless their names are in byte order, whatever their order as strings', () => {
  fc.assert(
    fc.property(entry, entry, (one, other) => {
      const inOrder = Buffer.compare(entryName(one), entryName(other)) < 0;
      const encode = (): Buffer => encodeTree({ entries: [one, other] });
      if (inOrder) expect(encode).not.toThrow();
      else expect(encode).toThrow('out of order');
    }),
    { numRuns: 1000, examples: [named('\uffff', '\u{1f600}'), named('\u{1f600}', '\uffff'), named('a', 'a')] },
  );
});

function named(one: string, other: string): [TreeEntry, TreeEntry] {
  const rest = { type: 'fifo', mode: 0, uid: 0, gid: 0, mtime: '0', ctime: '0', inode: '0' } as const;
  return [
    { name: one, ...rest },
    { name: other, ...rest },
  ];
}

test('a chunk list is stored as its canonical JSON', () => {
  fc.assert(
    fc.property(fc.array(id), (blobs) => {
      expect(encodeChunkList(blobs).toString()).toBe(byDefinition({ list: 1, blobs }));
    }),
  );
});

test.each([
  'a',
  'A',
  'g',
  '\n',
  '0'.repeat(63),
  '0'.repeat(65),
  `${'0'.repeat(63)}\n`,
  `${'0'.repeat(63)}G`,
  5,
  undefined,
])('%j is no blob id', (text) => {
  expect(isBlobId(text)).toBe(false);
});
