/** docs/recover-by-hand.sh, the worked example of docs/format.md, gets back what the engine has stored, without the engine. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { type SmallVault, smallVault } from './small-vault.ts';

const script = new URL('../../docs/recover-by-hand.sh', import.meta.url).pathname;
const tools = ['bash', 'tail', 'head', 'od', 'sha256sum', 'zstd', 'jq'];
const absent = tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
const why = absent.length > 0 ? ` (skipped: ${absent.join(', ')} not installed)` : '';

const random = seededRandom(3);
const early = Buffer.from('written first\n');
const files: Record<string, Buffer> = {
  empty: Buffer.alloc(0),
  'one line.txt': Buffer.from('a name with a space\n'),
  'deep/er/näme\nof two lines': Buffer.from('found all the same\n'),
  'text.log': Buffer.from(
    Array.from({ length: 30_000 }, (_, line) => `line ${line} of a log that compresses\n`).join(''),
  ),
  // more than 512 blobs, so that its blobs are named by chunk lists; its frames cannot be compressed
  'large.bin': random.bytes(9_800_000),
  'twice.bin': Buffer.alloc(300_000, 'the same again '),
};

let folder: string;
let vault: SmallVault;
let first: string;
let second: string;

const recover = (from: string, ...parameters: string[]) =>
  spawnSync('bash', [script, from, ...parameters], { encoding: 'utf8', maxBuffer: 1e8 });

function recovered(from: string, snapshot: string, path: string): Buffer {
  const output = join(folder, 'out');
  rmSync(output, { force: true });
  const { status, stderr } = recover(from, snapshot, path, output);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return readFileSync(output);
}

/** A copy of the vault, to be broken. */
function copy(): string {
  const to = mkdtempSync(join(folder, 'copy-'));
  cpSync(vault.path, to, { recursive: true });
  return to;
}

const packsOf = (path: string): string[] =>
  readdirSync(join(path, 'packs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.length > 60)
    .map((name) => join(path, 'packs', name));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-docs-'));
  const source = join(folder, 'source');
  mkdirSync(join(source, 'deep/er'), { recursive: true });
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(source, path), bytes);
  writeFileSync(join(source, 'changing'), early);
  vault = smallVault(source);
  first = await vault.backUp();
  writeFileSync(join(source, 'changing'), 'and then rewritten\n');
  writeFileSync(join(source, 'late'), 'only in the second snapshot\n');
  second = await vault.backUp();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(vault.path, '..'), { recursive: true, force: true });
});

describe.skipIf(absent.length > 0)(`a file by hand${why}`, () => {
  test.each(Object.keys(files))('%j comes back byte for byte', (path) => {
    expect(recovered(vault.path, second, path).equals(files[path]!)).toBe(true);
  });

  test('each snapshot gives the file as it was then', () => {
    expect(recovered(vault.path, first, 'changing')).toEqual(early);
    expect(recovered(vault.path, second, 'changing').toString()).toBe('and then rewritten\n');
    expect(recovered(vault.path, second, 'late').toString()).toBe('only in the second snapshot\n');
  });

  test('a folder is listed, with types and sizes', () => {
    const { status, stdout } = recover(vault.path, second, '');
    expect(status).toBe(0);
    expect(stdout).toContain('directory\t-\tdeep\n');
    expect(stdout).toContain(`file\t${files['large.bin']!.length}\tlarge.bin\n`);
    expect(recover(vault.path, second, 'deep/er').stdout).toContain('of two lines');
  });

  test('neither the index nor anything but vault.json, packs and the snapshot is needed', () => {
    const bare = copy();
    for (const name of readdirSync(bare)) {
      if (!['vault.json', 'packs', 'snapshots'].includes(name)) rmSync(join(bare, name), { recursive: true });
    }
    expect(recovered(bare, second, 'text.log').equals(files['text.log']!)).toBe(true);
  });

  test('a byte that has changed is noticed, and nothing is written', () => {
    const damaged = copy();
    for (const pack of packsOf(damaged)) {
      const bytes = readFileSync(pack);
      bytes[20] = bytes[20]! ^ 1;
      writeFileSync(pack, bytes);
    }
    const output = join(folder, 'damaged');
    const { status, stderr } = recover(damaged, second, 'text.log', output);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/is damaged/);
    expect(existsSync(output)).toBe(false);
  });

  test('a pack that was cut, or rubbish among the packs, does not keep it from the others', () => {
    const littered = copy();
    const pack = packsOf(littered)[0]!;
    const other = join(littered, 'packs', '00');
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, '0'.repeat(64)), readFileSync(pack).subarray(0, 1000));
    writeFileSync(join(other, '1'.repeat(64)), 'not a pack');
    expect(recovered(littered, second, 'one line.txt')).toEqual(files['one line.txt']);
  });

  test.each([
    ['a path that is not there', 'deep/no', /there is no no in this snapshot/],
    ['a path below a file', 'text.log/x', /what comes before x is not a folder/],
    ['a folder', 'deep', /is a directory/],
  ])('%s is refused', (_, path, message) => {
    const { status, stderr } = recover(vault.path, second, path, join(folder, 'never'));
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) });
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  test('a snapshot that is not there is refused, and those that are there are named', () => {
    const { status, stderr } = recover(
      vault.path,
      first.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
      'x',
      '/never',
    );
    expect(status).toBe(1);
    expect(stderr).toContain(second);
  });

  test('what exists is not overwritten', () => {
    const output = join(folder, 'mine');
    writeFileSync(output, 'mine');
    expect(recover(vault.path, second, 'text.log', output).status).toBe(1);
    expect(readFileSync(output, 'utf8')).toBe('mine');
  });

  test('a sealed vault and a newer format are refused by name', async () => {
    const sealed = smallVault(join(folder, 'source'), { sealing: 'passphrase' });
    const id = await sealed.backUp();
    expect(recover(sealed.path, id, 'empty', join(folder, 'never')).stderr).toMatch(/sealed: use Tidemark/);
    const newer = copy();
    writeFileSync(
      join(newer, 'vault.json'),
      readFileSync(join(newer, 'vault.json'), 'utf8').replace('"version":1', '"version":2'),
    );
    expect(recover(newer, second, 'empty', join(folder, 'never')).stderr).toMatch(/another format version/);
    rmSync(join(sealed.path, '..'), { recursive: true });
  });

  test('a vault on a file system without hard links can be read as well', async () => {
    const linkless = smallVault(join(folder, 'source'), { hardLinks: false });
    const id = await linkless.backUp();
    expect(recovered(linkless.path, id, 'one line.txt')).toEqual(files['one line.txt']);
    rmSync(join(linkless.path, '..'), { recursive: true });
  });
});
