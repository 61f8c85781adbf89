/** Any tree comes back as it was, and any change to what came back is found. */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  type Stats,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryContent } from '../memory-content.ts';
import { deadlineAfter, manifest, Trial } from './trial.ts';

type Node =
  | { kind: 'file'; size: number; byte: number; mode: number; time: number }
  | { kind: 'sparse'; at: number; size: number }
  | { kind: 'link'; target: string }
  | { kind: 'again'; which: number }
  | { kind: 'directory'; mode: number; inside: Listing };
type Listing = readonly (readonly [Buffer, Node])[];

const nameBytes = fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => {
  const name = Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)));
  return name.equals(Buffer.from('.')) || name.equals(Buffer.from('..')) ? Buffer.from('dots') : name;
});
const name = fc.oneof(
  nameBytes,
  fc.constantFrom('a', 'b', 'é', '\u{1f4be}', 'a\nb', '-x', 'long'.repeat(60)).map((text) => Buffer.from(text)),
);
const mode = fc.constantFrom(0o644, 0o600, 0o444, 0o755, 0o4711, 0o666);
const { listing } = fc.letrec<{ listing: Listing; node: Node }>((tie) => ({
  listing: fc.uniqueArray(fc.tuple(name, tie('node')), {
    maxLength: 6,
    selector: ([bytes]) => bytes.toString('hex'),
  }) as fc.Arbitrary<Listing>,
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.record({
      kind: fc.constant('file' as const),
      size: fc.oneof(fc.nat(20), fc.constantFrom(999, 1000, 1001, 3000, 70_000)),
      byte: fc.nat(255),
      mode,
      time: fc.integer({ min: -1_000_000_000, max: 2_000_000_000 }),
    }),
    fc.record({ kind: fc.constant('sparse' as const), at: fc.nat(300_000), size: fc.nat(400_000) }),
    fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom('a', '../b', '/', 'x'.repeat(200)) }),
    fc.record({ kind: fc.constant('again' as const), which: fc.nat(50) }),
    fc.record({
      kind: fc.constant('directory' as const),
      mode: fc.constantFrom(0o755, 0o700, 0o555, 0o1777),
      inside: tie('listing'),
    }),
  ),
}));

/** Makes the tree; `files` gathers what further names can be given to. */
function make(root: Buffer, entries: Listing, files: Buffer[] = []): Buffer[] {
  for (const [bytes, node] of entries) {
    const path = Buffer.concat([root, Buffer.from('/'), bytes]);
    if (node.kind === 'directory') {
      mkdirSync(path);
      make(path, node.inside, files);
      chmodSync(path, node.mode | 0o200);
    } else if (node.kind === 'file') {
      writeFileSync(path, Buffer.alloc(node.size, Buffer.from([node.byte, 1, 2])));
      chmodSync(path, node.mode);
      utimesSync(path, node.time, node.time);
    } else if (node.kind === 'sparse') {
      writeFileSync(path, 'x'.repeat(node.at % 9000));
      truncateSync(path, node.size);
    } else if (node.kind === 'link') {
      symlinkSync(node.target, path);
    } else if (node.kind === 'again' && files.length > 0) {
      linkSync(files[node.which % files.length]!, path);
    } else {
      writeFileSync(path, 'plain');
    }
    if (node.kind === 'file' || node.kind === 'link') files.push(path);
  }
  return files;
}

/** Everything below a directory, itself not. */
function below(root: Buffer): Buffer[] {
  return readdirSync(root, { encoding: 'buffer' }).flatMap((name) => {
    const path = Buffer.concat([root, Buffer.from('/'), name]);
    return [path, ...(lstatSync(path).isDirectory() ? below(path) : [])];
  });
}

type Change = (path: Buffer, stat: Stats) => void;
const changes: Record<string, Change> = {
  'cut or grown': (path, stat) => {
    if (!stat.isFile()) return unlinkOrClear(path, stat);
    chmodSync(path, 0o600);
    appendFileSync(path, '!');
    chmodSync(path, stat.mode & 0o7777);
  },
  'a byte turned over, with the old times': (path, stat) => {
    if (!stat.isFile() || stat.size === 0) return unlinkOrClear(path, stat);
    chmodSync(path, 0o600);
    const fd = openSync(path, 'r+');
    const at = stat.size >> 1;
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, at);
    writeSync(fd, Buffer.from([byte[0]! ^ 0x10]), 0, 1, at);
    closeSync(fd);
    chmodSync(path, stat.mode & 0o7777);
    utimesSync(path, stat.atime, stat.mtime);
  },
  gone: (path, stat) => unlinkOrClear(path, stat),
  'another mode': (path, stat) => {
    if (stat.isSymbolicLink()) unlinkOrClear(path, stat);
    else chmodSync(path, (stat.mode & 0o7777) ^ 0o020);
  },
  'another time': (path, stat) => lutimesSync(path, stat.atime, (stat.mtimeMs + 1_000) / 1_000),
  'another type': (path, stat) => {
    unlinkOrClear(path, stat);
    if (stat.isDirectory()) writeFileSync(path, '');
    else mkdirSync(path);
  },
  'something beside it': (path) => writeFileSync(Buffer.concat([path, Buffer.from('\u0001new')]), ''),
};

function unlinkOrClear(path: Buffer, stat: Stats): void {
  if (stat.isDirectory()) rmSync(path, { recursive: true });
  else unlinkSync(path);
}

const content = (): MemoryContent => new MemoryContent({ smallFile: 1000, piece: 512 });

test('captured, restored, validated: the same, and nothing to say; whatever is changed then is found', async () => {
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(
      listing,
      fc.boolean(),
      fc.nat(),
      fc.constantFrom(...Object.keys(changes)),
      async (entries, interrupted, which, change) => {
        const trial = new Trial({ allowEmpty: true }, content());
        make(Buffer.from(trial.path), entries);
        const deadline = interrupted ? () => deadlineAfter(3) : undefined;
        const captured = await trial.capture({}, deadline);
        expect(captured.problems).toEqual([]);
        expect((await trial.again(captured)).root).toBe(captured.root);
        expect((await trial.restore(captured, {}, deadline)).problems).toEqual([]);
        expect(manifest(trial.target)).toEqual(manifest(trial.path));
        expect((await trial.validate(captured)).problems).toEqual([]);

        const things = below(Buffer.from(trial.target));
        if (things.length === 0) return;
        const path = things[which % things.length]!;
        changes[change]!(path, lstatSync(path));
        changed += 1;
        expect((await trial.validate(captured)).problems).not.toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
  expect(changed).toBeGreaterThan(20);
});

test('after any change of the source, an incremental capture takes what a full one takes', async () => {
  await fc.assert(
    fc.asyncProperty(
      listing,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...Object.keys(changes))), { minLength: 1, maxLength: 4 }),
      async (entries, edits) => {
        const trial = new Trial({ allowEmpty: true }, content());
        make(Buffer.from(trial.path), entries);
        const first = await trial.capture();
        for (const [which, change] of edits) {
          const things = below(Buffer.from(trial.path));
          const path = things[which % Math.max(things.length, 1)];
          if (path !== undefined) changes[change]!(path, lstatSync(path));
        }
        const second = await trial.again(first);
        expect(second.problems).toEqual([]);
        expect(second.root).toBe((await trial.again(second, 'full')).root);
        expect(second.root).toBe((await trial.capture()).root);
      },
    ),
    { numRuns: 40 },
  );
});
