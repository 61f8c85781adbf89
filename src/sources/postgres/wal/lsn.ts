/**
 * Positions in a write-ahead log, and the names of the files that hold them. A position (LSN) counts bytes since the
 * cluster was made; a segment is a file of `wal_segment_size` bytes of it, on one timeline.
 */
import { fail } from '../../../core/errors.ts';

export type Lsn = bigint;

/** Bytes of a page of the log. Other sizes can only be had by compiling PostgreSQL anew; they are refused where read. */
export const walPage = 8192;

/** `16/B374D848`, as PostgreSQL writes it. */
export function lsnText(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/** `undefined` for what is no position. */
export function readLsn(text: string): Lsn | undefined {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  return match ? (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`) : undefined;
}

/** Errors: `Unexpected`, for positions that a server or a snapshot of ours wrote. */
export function lsnOf(text: string): Lsn {
  return readLsn(text) ?? fail('Unexpected', `${JSON.stringify(text)} is no position in a log`);
}

/** A segment: its number within the log, and the timeline that it was written on. */
export interface Segment {
  readonly timeline: number;
  readonly number: bigint;
}

export function segmentAt(timeline: number, lsn: Lsn, segmentSize: number): Segment {
  return { timeline, number: lsn / BigInt(segmentSize) };
}

export function segmentStart({ number }: Segment, segmentSize: number): Lsn {
  return number * BigInt(segmentSize);
}

/** The start of the segment that `lsn` lies in; a position between two is the start of the second. */
export function startOfSegment(lsn: Lsn, segmentSize: number): Lsn {
  return lsn - (lsn % BigInt(segmentSize));
}

/** Timeline, upper and lower half of the number, eight hexadecimal digits each: `0000000A00000012000000FF`. */
export function segmentName({ timeline, number }: Segment, segmentSize: number): string {
  const perFile = 0x1_0000_0000n / BigInt(segmentSize);
  return hex8(BigInt(timeline)) + hex8(number / perFile) + hex8(number % perFile);
}

/** `undefined` for a name that is not that of a segment of this size. */
export function readSegmentName(name: string, segmentSize: number): Segment | undefined {
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name);
  if (!match) return undefined;
  const perFile = 0x1_0000_0000n / BigInt(segmentSize);
  const [timeline, upper, lower] = [1, 2, 3].map((at) => BigInt(`0x${match[at]}`)) as [bigint, bigint, bigint];
  if (timeline === 0n || lower >= perFile) return undefined;
  return { timeline: Number(timeline), number: upper * perFile + lower };
}

/** Eight hexadecimal digits: timeline 10 is `0000000A`. */
export function timelineText(timeline: number): string {
  return hex8(BigInt(timeline));
}

export function historyName(timeline: number): string {
  return `${timelineText(timeline)}.history`;
}

/** The timeline that a history file is of; `undefined` for other names. */
export function readHistoryName(name: string): number | undefined {
  const match = /^([0-9A-F]{8})\.history$/.exec(name);
  return match ? Number.parseInt(match[1]!, 16) : undefined;
}

/** PostgreSQL allows powers of two from 1 MiB to 1 GiB. */
export function isSegmentSize(bytes: number): boolean {
  return Number.isInteger(Math.log2(bytes)) && bytes >= 2 ** 20 && bytes <= 2 ** 30;
}

function hex8(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
