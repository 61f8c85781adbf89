/** Nothing is handed on unless everything is there: each file as the server's manifest has it, and all of the log that makes them consistent. */
import { fail } from '../../../../core/errors.ts';
import { lsnOf, manifestName, segmentsBetween } from '../layout.ts';
import type { BackupManifest } from '../manifest.ts';
import type { BaseBackup } from './base-backup.ts';
import type { Received } from './received.ts';

const again = 'Take the backup again; nothing of this one was committed.';

/** Errors: `ChecksumMismatch`, `DumpFailed`. */
export function checkFiles({ files }: BackupManifest, received: Received): void {
  const listed = new Set<string>();
  for (const { path, size, sha256 } of files) {
    listed.add(path);
    const there = received.sums.get(path);
    if (there === undefined)
      fail('DumpFailed', `${path} is in the server's manifest and was not sent`, { hint: again });
    if (there.size !== size) {
      fail('ChecksumMismatch', `${path} came with ${there.size} bytes, and the server's manifest says ${size}`, {
        hint: again,
      });
    }
    if (sha256 !== undefined && there.sha256 !== sha256) {
      fail('ChecksumMismatch', `${path} came with another checksum than the server's manifest says`, { hint: again });
    }
  }
  for (const path of received.sums.keys()) {
    if (!listed.has(path)) fail('DumpFailed', `${path} was sent and is not in ${manifestName}`, { hint: again });
  }
}

/** Errors: `DumpFailed` naming what is missing. */
export function checkWal(backup: BaseBackup, names: ReadonlySet<string>, segmentSize: number): void {
  const needed = segmentsBetween(backup.timeline, lsnOf(backup.startLsn), lsnOf(backup.stopLsn), segmentSize);
  const missing = needed.find((name) => !names.has(name));
  if (missing === undefined) return;
  fail('DumpFailed', `the log segment ${missing}, which makes the backup consistent, did not come with it`, {
    hint: 'The server removed it while the backup ran: raise wal_keep_size, or max_replication_slots so that the backup can keep it.',
    context: { needed: needed.length, missing },
  });
}
