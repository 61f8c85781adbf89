/**
 * What a physical snapshot looks like: `data/` is the data directory as the server sent it, `backup_manifest` the server's
 * own list of it with checksums, `wal/` the segments of write-ahead log from the start of the backup to beyond its end.
 * Tablespaces are in `data/pg_tblspc/OID/` as plain directories, wherever they were before, so that a restored server is
 * one directory that can be moved; PostgreSQL 15 and newer start on that with `allow_in_place_tablespaces`.
 */
import * as z from 'zod';

export const folderNames = { data: 'data', wal: 'wal' } as const;
export const manifestName = 'backup_manifest';
/** Below `data/`. */
export const tablespaceFolder = 'pg_tblspc';
export const walFolder = 'pg_wal';

/** `16/B374D848`, as PostgreSQL writes a position in its log. */
const position = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/** The `details` of a physical snapshot. Those who add to them keep these. */
export const physicalDetails = z.looseObject({
  method: z.literal('physical'),
  /** `15.18` */
  server: z.string(),
  major: z.number().int(),
  systemIdentifier: z.string(),
  /** Of the base backup. */
  timeline: z.number().int().positive(),
  /** Replay begins at `startLsn`; from `stopLsn` on the data is consistent. */
  startLsn: position,
  stopLsn: position,
  walSegmentSize: z.number().int().positive(),
  /** When the base backup began, and when it had ended. ISO 8601, UTC. */
  baseTime: z.string(),
  baseEnded: z.string(),
  /** Pages have checksums. */
  checksums: z.boolean(),
  blockSize: z.number().int().positive(),
  /** Tablespaces besides the usual ones, and where they were. */
  tablespaces: z.array(z.object({ oid: z.string(), location: z.string() })),
  /** The tree of `data/`: snapshots of one base backup have it in common. */
  base: z.string(),
  /** How far the log goes that is in the snapshot. */
  walEnd: position,
  /** What moments can be restored. ISO 8601, UTC. */
  window: z.object({ earliest: z.string(), latest: z.string() }),
  /** How the data directory was taken: all of it was sent, or what had changed since the snapshot before. */
  sent: z.enum(['all', 'changes']),
});
export type PhysicalDetails = z.infer<typeof physicalDetails>;

export function isPhysical(details: Readonly<Record<string, unknown>>): boolean {
  return details.method === 'physical';
}

/** `00000001000000000000000A`, or the history of a timeline. */
export const walFile = /^(?:[0-9A-F]{24}|[0-9A-F]{8}\.history)$/;

export function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** The name of the segment that a position lies in. */
export function segmentName(timeline: number, lsn: bigint, segmentSize: number): string {
  const number = lsn / BigInt(segmentSize);
  const perId = 0x1_0000_0000n / BigInt(segmentSize);
  const hex = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, '0');
  return `${hex(BigInt(timeline))}${hex(number / perId)}${hex(number % perId)}`;
}

/** The names of all segments with a byte of [start, stop). */
export function segmentsBetween(timeline: number, start: bigint, stop: bigint, segmentSize: number): string[] {
  const names: string[] = [];
  const size = BigInt(segmentSize);
  for (let at = start - (start % size); at < stop; at += size) names.push(segmentName(timeline, at, segmentSize));
  return names;
}
