/** What a server says of its log, and what it keeps of it for us. Every statement here runs on a replication connection. */
import { fail, isTidemarkError } from '../../../../core/errors.ts';
import type { ReplicationConnection } from '../../replication/connection.ts';
import { literal } from '../../replication/messages.ts';
import { readHistory, type TimelineHistory } from '../history.ts';
import { isSegmentSize, type Lsn, lsnOf, lsnText, startOfSegment } from '../lsn.ts';

export interface ServerLog {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Durable on the server up to here, asked for after `time`: everything that was acknowledged by then is before it. */
  readonly flushed: Lsn;
  /** By the server's clock. ISO 8601, UTC, microseconds. */
  readonly time: string;
  readonly segmentSize: number;
  /** It follows another server itself. */
  readonly standby: boolean;
  /** Bytes of log that a slot may hold back; undefined: any amount. */
  readonly slotLimit: number | undefined;
}

const clock = `to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Errors: those of the connection; `DatabaseRefused` for a server whose log cannot be followed. */
export async function serverLog(replication: ReplicationConnection): Promise<ServerLog> {
  const [facts = {}] = await replication.rows(
    `select ${clock} as time,
            pg_size_bytes(current_setting('wal_segment_size')) as segment, current_setting('wal_level') as level,
            pg_is_in_recovery() as standby, (select setting from pg_settings where name = 'max_slot_wal_keep_size') as keep`,
  );
  const [system = {}] = await replication.rows('IDENTIFY_SYSTEM');
  const segmentSize = Number(facts.segment);
  if (!isSegmentSize(segmentSize))
    fail('DatabaseRefused', `${replication.server} has segments of ${facts.segment} bytes`);
  if (facts.level === 'minimal') {
    fail(
      'DatabaseRefused',
      `${replication.server} writes too little into its log to recover with: wal_level = minimal`,
      {
        hint: 'ALTER SYSTEM SET wal_level = replica; and restart the server.',
      },
    );
  }
  const megabytes = Number(facts.keep);
  return {
    systemIdentifier: system.systemid ?? '',
    timeline: Number(system.timeline),
    flushed: lsnOf(system.xlogpos ?? ''),
    time: facts.time ?? '',
    segmentSize,
    standby: facts.standby === 't',
    slotLimit: megabytes < 0 ? undefined : megabytes * 1024 * 1024,
  };
}

/** How a server came to its timeline; `text` is the history file, which timeline 1 does not have. */
export async function historyOf(
  replication: ReplicationConnection,
  timeline: number,
): Promise<{ readonly history: TimelineHistory; readonly text: string | undefined }> {
  if (timeline === 1) return { history: { timeline, branches: [] }, text: undefined };
  const [row] = await replication.rows(`TIMELINE_HISTORY ${timeline}`);
  const text = row?.content ?? '';
  return { history: readHistory(timeline, text), text };
}

export interface Slot {
  /** The server keeps its log from here on for us. */
  readonly keptFrom: Lsn | undefined;
  /** `lost`: the server threw away what we had not read yet. */
  readonly lost: boolean;
  /** Bytes that may still be written before the limit throws away what we have not read; undefined: no limit. */
  readonly room: number | undefined;
}

export async function findSlot(replication: ReplicationConnection, name: string): Promise<Slot | undefined> {
  const [row] = await replication.rows(
    `select restart_lsn, wal_status, safe_wal_size, slot_type from pg_replication_slots where slot_name = ${literal(name)}`,
  );
  if (!row) return undefined;
  if (row.slot_type !== 'physical') {
    fail('DatabaseRefused', `the replication slot ${name} at ${replication.server} is a logical one, not ours`, {
      hint: `Drop it if nobody needs it: SELECT pg_drop_replication_slot('${name}');`,
    });
  }
  return {
    keptFrom: row.restart_lsn == null ? undefined : lsnOf(row.restart_lsn),
    lost: row.wal_status === 'lost' || row.restart_lsn == null,
    room: row.safe_wal_size == null ? undefined : Number(row.safe_wal_size),
  };
}

/** Makes the slot where there is none, and anew where the server has given it up. Errors: `DatabaseRefused`. */
export async function ensureSlot(replication: ReplicationConnection, name: string): Promise<Slot> {
  const there = await findSlot(replication, name);
  if (there && !there.lost) return there;
  if (there) await dropSlot(replication, name);
  try {
    await replication.query(`CREATE_REPLICATION_SLOT ${name} PHYSICAL (RESERVE_WAL)`);
  } catch (error) {
    if (!isTidemarkError(error) || error.context.code !== '53400') throw error;
    fail('DatabaseRefused', `${replication.server} has no replication slot left for us`, {
      hint: 'Set max_replication_slots higher (10 is the default) and restart the server, or drop slots that nobody needs: SELECT * FROM pg_replication_slots;',
      cause: error,
    });
  }
  return (await findSlot(replication, name)) ?? fail('DatabaseRefused', `the slot ${name} vanished as it was made`);
}

export async function dropSlot(replication: ReplicationConnection, name: string): Promise<void> {
  await replication.query(`DROP_REPLICATION_SLOT ${name}`);
}

/** Tells the server that it need not keep for us what lies before the segment of `lsn`. Never goes back. */
export async function confirm(
  replication: ReplicationConnection,
  name: string,
  slot: Slot,
  lsn: Lsn,
  segmentSize: number,
): Promise<void> {
  const to = startOfSegment(lsn, segmentSize);
  if (slot.keptFrom === undefined || slot.keptFrom >= to) return;
  await replication.query(`select pg_replication_slot_advance(${literal(name)}, ${literal(lsnText(to))})`);
}
