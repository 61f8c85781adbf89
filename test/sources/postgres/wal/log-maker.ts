/**
 * Makes bytes of a write-ahead log as PostgreSQL does: pages with their headers, records across them, checksums. It is
 * written from the documentation of the format and knows nothing of the code that reads it.
 */
import { crc32c } from '../../../../src/sources/postgres/wal/read/crc32c.ts';

export interface MadeRecord {
  readonly manager?: number;
  readonly info?: number;
  /** The part headers and the data, as they lie behind the record's header. */
  readonly body: Buffer;
}

export interface LogOptions {
  readonly start?: bigint;
  readonly timeline?: number;
  readonly segmentSize?: number;
  readonly system?: bigint;
}

const page = 8192;

export class LogMaker {
  readonly start: bigint;
  readonly segmentSize: number;
  readonly system: bigint;
  timeline: number;
  /** Where each record ends, as a server names positions. */
  readonly ends: bigint[] = [];
  #bytes: Buffer[] = [];
  #length = 0;
  #before = 0n;
  /** Bytes of the record under way that are still to come, for the next page's header. */
  #left = 0;

  constructor({
    start = 0x100_0000n,
    timeline = 1,
    segmentSize = 2 ** 20,
    system = 7_000_000_000_000_000_001n,
  }: LogOptions = {}) {
    this.start = start;
    this.segmentSize = segmentSize;
    this.timeline = timeline;
    this.system = system;
  }

  get position(): bigint {
    return this.start + BigInt(this.#length);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#bytes);
  }

  add({ manager = 10, info = 0, body }: MadeRecord): this {
    this.#header();
    const at = this.position;
    const head = Buffer.alloc(24);
    head.writeUInt32LE(24 + body.length, 0);
    head.writeUInt32LE(733, 4);
    head.writeBigUInt64LE(this.#before, 8);
    head[16] = info;
    head[17] = manager;
    head.writeUInt32LE(crc32c(head, crc32c(body), 0, 20), 20);
    this.#before = at;
    this.#pour(Buffer.concat([head, body]));
    this.#push(Buffer.alloc((8 - (this.#length % 8)) % 8));
    this.ends.push(this.position);
    return this;
  }

  /** A heap record with as many bytes of data. */
  addRow(bytes: number, fill = 7): this {
    return this.add({ body: longData(Buffer.alloc(bytes, fill)) });
  }

  commit(microseconds: bigint, kind: 'commit' | 'abort' = 'commit'): this {
    const time = Buffer.alloc(8);
    time.writeBigInt64LE(microseconds);
    return this.add({ manager: 1, info: kind === 'commit' ? 0x00 : 0x20, body: shortData(time) });
  }

  restorePoint(name: string, microseconds: bigint): this {
    const data = Buffer.alloc(72);
    data.writeBigInt64LE(microseconds);
    data.write(name, 8);
    return this.add({ manager: 0, info: 0x70, body: shortData(data) });
  }

  /** Leaves the rest of the segment unused. */
  switchSegment(): this {
    this.add({ manager: 0, info: 0x40, body: Buffer.alloc(0) });
    this.#push(Buffer.alloc((this.segmentSize - (this.#length % this.segmentSize)) % this.segmentSize));
    this.ends[this.ends.length - 1] = this.position;
    return this;
  }

  /** A record of which only the first pages were written before the server crashed; then what it writes after that. */
  crashIn(bytes: number): this {
    const before = this.#before;
    const keep = this.ends.length;
    this.addRow(bytes);
    this.ends.length = keep;
    const at = this.#before;
    const cut = Number(at - this.start) + (page - (Number(at) % page));
    this.#bytes = [this.bytes.subarray(0, cut)];
    this.#length = cut;
    this.#before = before;
    this.#left = 0;
    this.#header(0x08);
    const data = Buffer.alloc(16);
    data.writeBigUInt64LE(at);
    return this.add({ manager: 0, info: 0xd0, body: shortData(data) });
  }

  #pour(record: Buffer): void {
    for (let at = 0; at < record.length; ) {
      this.#left = at === 0 ? 0 : record.length - at;
      this.#header();
      const room = page - (this.#length % page);
      const piece = record.subarray(at, at + room);
      this.#push(piece);
      at += piece.length;
    }
    this.#left = 0;
  }

  #header(flags = 0): void {
    if (this.#length % page !== 0) return;
    const long = (Number(this.start % BigInt(this.segmentSize)) + this.#length) % this.segmentSize === 0;
    const header = Buffer.alloc(long ? 40 : 24);
    header.writeUInt16LE(0xd110, 0);
    header.writeUInt16LE(flags | (long ? 0x02 : 0) | (this.#left > 0 ? 0x01 : 0), 2);
    header.writeUInt32LE(this.timeline, 4);
    header.writeBigUInt64LE(this.position, 8);
    header.writeUInt32LE(this.#left, 16);
    if (long) {
      header.writeBigUInt64LE(this.system, 24);
      header.writeUInt32LE(this.segmentSize, 32);
      header.writeUInt32LE(page, 36);
    }
    this.#push(header);
  }

  #push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#bytes.push(bytes);
    this.#length += bytes.length;
  }
}

export function shortData(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([255, data.length]), data]);
}

export function longData(data: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head[0] = 254;
  head.writeUInt32LE(data.length, 1);
  return Buffer.concat([head, data]);
}
