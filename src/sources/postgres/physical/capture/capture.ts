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
import { ServerError } from '../../replication/messages.ts';
import type { PhysicalDetails } from '../layout.ts';
import { readBackupManifest, writeBackupManifest } from '../manifest.ts';
import { type BaseBackup, baseBackup, type Notices } from './base-backup.ts';
import { checkFiles, checkWal } from './check.ts';
import { earlierBackup } from './earlier.ts';
import { type ServerFacts, serverFacts } from './facts.ts';
import type { Totals } from './listing.ts';
import { asMade, Received, type ReceivedWal } from './received.ts';

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

const nowOnServer = `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`;

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
  const asking = { replication, options, facts, notices, context, label: `tidemark ${baseTime}` };
  const { backup, received, sent } = (await takeChanges(asking)) ?? (await takeAll(asking));
  const [{ now } = {}] = await replication.rows(nowOnServer);
  const listed = readBackupManifest(backup.manifest);
  checkFiles(listed, received);
  checkWal(backup, new Set(received.wal.map(({ name }) => name)), facts.walSegmentSize);
  const { tree, totals } = received.listing.store(sink);
  const manifest = sent === 'all' ? backup.manifest : writeBackupManifest(asMade(listed, received));
  const moment = new Date(now ?? Number.NaN).toISOString();
  const when = { baseTime, baseEnded: clock.now().toISOString(), window: { earliest: moment, latest: moment } };
  return {
    tree,
    manifest: storeManifest(manifest, context),
    wal: received.wal,
    totals,
    read: received.bytes + backup.manifest.length,
    problems: backup.damaged,
    details: { method: 'physical', ...detailsOf(backup, facts), sent, base: tree, walEnd: backup.stopLsn, ...when },
  };
}

interface Asking {
  readonly replication: ReplicationConnection;
  readonly options: CaptureOptions;
  readonly facts: ServerFacts;
  readonly notices: Notices;
  readonly context: CaptureContext;
  readonly label: string;
}

interface Taken {
  readonly backup: BaseBackup;
  readonly received: Received;
  readonly sent: PhysicalDetails['sent'];
}

async function takeAll({ replication, options, facts, notices, context, label }: Asking): Promise<Taken> {
  const received = new Received(context.sink, facts.blockSize);
  const wish = { label, incremental: false, ...options };
  return { backup: await baseBackup(replication, wish, received, notices, context), received, sent: 'all' };
}

/**
 * What has changed since the snapshot before, put together with what the vault has of that. Undefined where that is not
 * asked for, or where the server cannot say what has changed: a summary that it has removed already, say. It knows so before
 * it sends anything.
 */
async function takeChanges(asking: Asking): Promise<Taken | undefined> {
  const { replication, options, facts, notices, context, label } = asking;
  const earlier = await earlierBackup(context, facts);
  if (earlier === undefined) return undefined;
  const received = new Received(context.sink, facts.blockSize, earlier);
  try {
    await replication.copyIn('UPLOAD_MANIFEST', [earlier.manifestBytes]);
    const wish = { label, incremental: true, ...options };
    return { backup: await baseBackup(replication, wish, received, notices, context), received, sent: 'changes' };
  } catch (error) {
    const refused =
      isTidemarkError(error) && error.name !== 'DatabaseUnreachable' && error.cause instanceof ServerError;
    if (!refused || received.sums.size > 0) throw error;
    context.log.warn('all-is-sent', { because: error.message });
    return undefined;
  }
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
