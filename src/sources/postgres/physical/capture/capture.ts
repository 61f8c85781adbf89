/**
 * One base backup: asked for, received, compared with the server's manifest, and only then handed on. It runs over one
 * connection, so it cannot be put down half way; what a failed one has stored is found again by the next.
 */
import { fail, isTidemarkError } from '../../../../core/errors.ts';
import type { Json } from '../../../../core/json.ts';
import type { Problem } from '../../../../format/snapshot.ts';
import type { Content } from '../../../../format/tree.ts';
import type { CaptureContext, CaptureOutcome } from '../../../port.ts';
import type { Connection } from '../../connection.ts';
import { type ReplicationConnection, withReplication } from '../../replication/connection.ts';
import type { PhysicalDetails } from '../layout.ts';
import { readBackupManifest } from '../manifest.ts';
import { type BaseBackup, baseBackup, type Notices } from './base-backup.ts';
import { checkFiles, checkWal } from './check.ts';
import { type ServerFacts, serverFacts } from './facts.ts';
import type { Totals } from './listing.ts';
import { Received, type ReceivedWal } from './received.ts';

export interface CaptureOptions {
  readonly connection: Connection;
  readonly checkpoint: 'fast' | 'spread';
  /** Bytes a second. */
  readonly maxRate: number | undefined;
}

/** What a capture hands to `combine`. JSON. */
export interface CapturedBase {
  readonly tree: string;
  readonly manifest: Content;
  readonly wal: readonly ReceivedWal[];
  readonly totals: Totals;
  readonly read: number;
  readonly problems: readonly Problem[];
  readonly details: PhysicalDetails;
}

export async function captureBase(options: CaptureOptions, context: CaptureContext): Promise<CaptureOutcome> {
  const notices: Notices = { hear: () => {} };
  const base = await withReplication(
    options.connection,
    (replication) => take(replication, options, notices, context),
    (complaint) => notices.hear(complaint),
  );
  const progress = { files: base.totals.files + base.wal.length, bytes: base.read };
  return { done: true, result: base as unknown as Json, progress };
}

async function take(
  replication: ReplicationConnection,
  options: CaptureOptions,
  notices: Notices,
  context: CaptureContext,
): Promise<CapturedBase> {
  const { sink, clock } = context;
  const facts = await serverFacts(replication);
  const baseTime = clock.now().toISOString();
  await keepLog(replication, context);
  const received = new Received(sink, facts.blockSize);
  const wish = { label: `tidemark ${baseTime}`, incremental: false, ...options };
  const backup = await baseBackup(replication, wish, received, notices, context);
  checkFiles(readBackupManifest(backup.manifest), received);
  checkWal(backup, new Set(received.wal.map(({ name }) => name)), facts.walSegmentSize);
  const { tree, totals } = received.listing.store(sink);
  const details = { ...detailsOf(backup, facts), sent: 'all' as const, baseTime, baseEnded: clock.now().toISOString() };
  return {
    tree,
    manifest: storeManifest(backup.manifest, context),
    wal: received.wal,
    totals,
    read: received.bytes + backup.manifest.length,
    problems: backup.damaged,
    details: { method: 'physical', ...details },
  };
}

/**
 * A slot for as long as the connection lasts, so that the server removes no log that the backup needs at its end. Where
 * there is none to be had, the backup may still succeed, and says so when it does not.
 */
async function keepLog(replication: ReplicationConnection, { log }: CaptureContext): Promise<void> {
  const [{ pid } = {}] = await replication.rows('select pg_backend_pid() as pid');
  try {
    await replication.query(`CREATE_REPLICATION_SLOT tidemark_base_${pid} TEMPORARY PHYSICAL (RESERVE_WAL)`);
  } catch (error) {
    if (isTidemarkError(error, 'DatabaseUnreachable')) throw error;
    log.warn('no-slot-for-the-backup', { error: String(error) });
  }
}

function detailsOf(
  backup: BaseBackup,
  facts: ServerFacts,
): Pick<
  PhysicalDetails,
  | 'server'
  | 'major'
  | 'systemIdentifier'
  | 'timeline'
  | 'startLsn'
  | 'stopLsn'
  | 'walSegmentSize'
  | 'checksums'
  | 'blockSize'
  | 'tablespaces'
> {
  const { timeline, startLsn, stopLsn, tablespaces } = backup;
  const { version, major, systemIdentifier, walSegmentSize, checksums, blockSize } = facts;
  if (systemIdentifier === '') fail('DumpFailed', 'the server does not say which one it is');
  return {
    server: version,
    ...{ major, systemIdentifier, timeline, startLsn, stopLsn, walSegmentSize, checksums, blockSize },
    tablespaces: [...tablespaces],
  };
}

function storeManifest(bytes: Buffer, { sink }: CaptureContext): Content {
  const stream = sink.stream();
  stream.write(bytes);
  return stream.end();
}
