/**
 * What single records of a write-ahead log say that a backup has to know: when transactions ended, where restore points
 * are, where a segment was left early, and that the log cannot be recovered with from here on.
 */

/** Bytes of a record's header. Its checksum is the last four of them. */
export const recordHeader = 24;

/** As much of a record's beginning as `readRecord` needs at the most. */
export const recordHead = 160;

export type RecordNews =
  /** A commit or an abort: only here can a recovery stop by time. Microseconds since 2000. */
  | { readonly what: 'transaction-end'; readonly time: bigint; readonly committed: boolean }
  | { readonly what: 'restore-point'; readonly time: bigint; readonly name: string }
  /** The rest of the segment is not used. */
  | { readonly what: 'switch' }
  /** `wal_level = minimal`: what was done after it cannot be recovered from the log. */
  | { readonly what: 'minimal' };

const [xlog, xact] = [0, 1];
const levelMinimal = 0;

/** `head` begins with the record's header and is the whole record or its first {@link recordHead} bytes. */
export function readRecord(head: Buffer, start = 0, end = head.length): RecordNews | undefined {
  const info = head[start + 16]! & 0xf0;
  const manager = head[start + 17]!;
  if (manager === xact) {
    const kind = info & 0x70;
    // commit, abort, commit prepared, abort prepared
    if (kind !== 0x00 && kind !== 0x20 && kind !== 0x30 && kind !== 0x40) return undefined;
    const at = mainData(head, start, end);
    if (at === undefined || at + 8 > end) return undefined;
    return {
      what: 'transaction-end',
      time: head.readBigInt64LE(at),
      committed: kind === 0x00 || kind === 0x30,
    };
  }
  if (manager !== xlog) return undefined;
  if (info === 0x40) return { what: 'switch' };
  if (info !== 0x60 && info !== 0x70) return undefined;
  const at = mainData(head, start, end);
  if (at === undefined) return undefined;
  if (info === 0x60)
    return at + 24 <= end && head.readInt32LE(at + 20) === levelMinimal ? { what: 'minimal' } : undefined;
  if (at + 8 >= end) return undefined;
  const name = head.subarray(at + 8, Math.min(end, at + 8 + 64));
  const nul = name.indexOf(0);
  return {
    what: 'restore-point',
    time: head.readBigInt64LE(at),
    name: name.toString('utf8', 0, nul < 0 ? name.length : nul),
  };
}

/**
 * Where the record's own data begins: behind the little headers of all its parts. `undefined` when it refers to pages of
 * tables, as none of the records of interest does.
 */
function mainData(head: Buffer, start: number, end: number): number | undefined {
  let at = start + recordHeader;
  while (at < end) {
    switch (head[at]) {
      case 255: // the data, up to 255 bytes of it
        return at + 2;
      case 254:
        return at + 5;
      case 253: // where a replicated transaction comes from
        at += 3;
        break;
      case 252: // the transaction that a subtransaction belongs to
        at += 5;
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}
