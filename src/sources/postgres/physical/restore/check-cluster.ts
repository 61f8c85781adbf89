/**
 * Looks at a restored data directory as `pg_verifybackup` and `pg_checksums` would, without either: every file as the
 * server's manifest has it, and every page with its checksum. It reads the files, not what was stored.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, isTidemarkError } from '../../../../core/errors.ts';
import type { Problem } from '../../../../format/snapshot.ts';
import type { RestoreContext, ValidationReport } from '../../../port.ts';
import { lsnOf, manifestName, type PhysicalDetails, physicalDetails, walFolder } from '../layout.ts';
import { type ManifestFile, readBackupManifest } from '../manifest.ts';
import { isRelation, isSound, segmentOf } from '../pages.ts';
import { settingsName } from './view.ts';

const gibibyte = 1024 ** 3;
const piece = 1024 * 1024;

export async function checkCluster({ target, details, deadline }: RestoreContext): Promise<ValidationReport> {
  const about = physicalDetails.parse(details);
  const problems: Problem[] = [];
  const checked = { manifestFiles: 0, pages: 0 };
  const manifest = await manifestIn(target, problems);
  const buffer = Buffer.allocUnsafeSlow(piece);
  for (const file of manifest) {
    if (isNotListed(file.path)) continue;
    if (deadline.passed()) break;
    try {
      const handle = await open(join(target, file.path), 'r');
      try {
        checked.pages += await checkFile(handle, file, about, buffer, problems);
      } finally {
        await handle.close();
      }
      checked.manifestFiles += 1;
    } catch (error) {
      problems.push({ path: file.path, what: `cannot be read (${errnoOf(error) ?? String(error)})` });
    }
  }
  return { checked, problems };
}

/** Settings that a restore may add to, and the log: `pg_verifybackup` looks at neither. */
function isNotListed(path: string): boolean {
  return path === settingsName || path.startsWith(`${walFolder}/`);
}

async function manifestIn(target: string, problems: Problem[]): Promise<readonly ManifestFile[]> {
  try {
    const handle = await open(join(target, manifestName), 'r');
    try {
      return readBackupManifest(await handle.readFile()).files;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const what = isTidemarkError(error) ? error.message : `cannot be read (${errnoOf(error) ?? String(error)})`;
    problems.push({ path: manifestName, what });
    return [];
  }
}

/** Returns how many pages were looked at. */
async function checkFile(
  handle: FileHandle,
  { path, size, sha256 }: ManifestFile,
  { checksums, blockSize, startLsn }: PhysicalDetails,
  buffer: Buffer,
  problems: Problem[],
): Promise<number> {
  const sum = createHash('sha256');
  const paged = checksums && isRelation(path);
  const first = (segmentOf(path) * gibibyte) / blockSize;
  const start = lsnOf(startLsn);
  let [length, pages] = [0, 0];
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, piece, length);
    if (bytesRead === 0) break;
    sum.update(buffer.subarray(0, bytesRead));
    for (let at = 0; paged && at + blockSize <= bytesRead; at += blockSize) {
      const block = first + (length + at) / blockSize;
      if (!isSound(buffer.subarray(at, at + blockSize), block, start)) {
        problems.push({ path, what: `page ${block} does not have its checksum` });
      }
      pages += 1;
    }
    length += bytesRead;
  }
  if (length !== size) problems.push({ path, what: `has ${length} bytes, and ${manifestName} says ${size}` });
  else if (sha256 !== undefined && sum.digest('hex') !== sha256) {
    problems.push({ path, what: `has another checksum than ${manifestName} says` });
  }
  return pages;
}
