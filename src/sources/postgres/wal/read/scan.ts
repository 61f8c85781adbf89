/**
 * Reads a write-ahead log as it flows by, from the start of a segment, and holds every page and every record against what it
 * must be: page addresses without a gap, one server, timelines that do not go back, each record's CRC-32C and its reference
 * to the one before. What it says is whole up to `end` can be replayed by a server.
 */
import { fail } from '../../../../core/errors.ts';
import { type Lsn, lsnText, walPage } from '../lsn.ts';
import { crc32c } from './crc32c.ts';
import { type RecordNews, readRecord, recordHead, recordHeader } from './record.ts';

export interface ScanOptions {
  /** The start of a segment. */
  readonly start: Lsn;
  /** The newest timeline that a page may be of. */
  readonly timeline: number;
  readonly segmentSize: number;
  /** Of the cluster, decimal. */
  readonly systemIdentifier: string;
}

export interface RestorePoint {
  readonly name: string;
  /** Microseconds since 2000. */
  readonly time: bigint;
  /** Where its record ends: a recovery to it has replayed so far. */
  readonly lsn: Lsn;
}

/** Page header flags. */
const [continued, long, overwrites] = [0x01, 0x02, 0x08];
const everyFlag = 0x0f;
const shortHeader = 24;
const longHeader = 40;
/** Offset of the checksum in a record's header; everything before it is covered, after the record's data. */
const checksumAt = 20;
/** Nothing in PostgreSQL writes a longer one. */
const longestRecord = 1020 * 1024 * 1024;

export class WalScan {
  records = 0;
  /** Transactions that ended, and the newest time that one did. Microseconds since 2000. */
  transactions = 0;
  newestEnd: bigint | undefined;
  readonly restorePoints: RestorePoint[] = [];
  readonly #options: ScanOptions;
  /** All offsets below count from the scan's start, which is the start of a page. */
  #at = 0;
  #timeline = 0;
  #magic = 0;
  readonly #page = Buffer.alloc(longHeader);
  #pageHas = 0;
  /** Bytes to pass over between page headers: padding, or the end of a record that began before the scan. */
  #skip = 0;
  /** Bytes that a switch left unused, up to the end of the segment; page headers are missing there too. */
  #unused = 0;
  /** End of the last record that is whole. */
  #end = 0;
  readonly #head = Buffer.alloc(recordHead);
  /** The record under way: how much of it was seen (none: -1), its length, where it began. */
  #has = -1;
  #length = 0;
  #began = 0;
  #crc = 0;
  /** Where the record before began, in halves: 64-bit arithmetic for each record would cost more than its checksum. */
  #beforeUpper = -1;
  #beforeLower = -1;
  readonly #startUpper: number;
  readonly #startLower: number;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#startUpper = Number(options.start >> 32n);
    this.#startLower = Number(options.start & 0xffff_ffffn);
  }

  /** End of the last record that is whole; where there is none yet, the start of the scan. */
  get end(): Lsn {
    return this.#options.start + BigInt(this.#end);
  }

  /** Position of the next byte to come. */
  get next(): Lsn {
    return this.#options.start + BigInt(this.#at);
  }

  /** The bytes at `next`, of any length. Errors: `ChecksumMismatch`, `WalLost` after a time without a log. */
  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#unused > 0) {
        const some = Math.min(this.#unused, bytes.length - at);
        this.#unused -= some;
        this.#at += some;
        at += some;
        continue;
      }
      const inPage = this.#at % walPage;
      const header = (this.#at - inPage) % this.#options.segmentSize === 0 ? longHeader : shortHeader;
      const isHeader = inPage < header;
      const piece = Math.min(bytes.length - at, (isHeader ? header : walPage) - inPage);
      if (isHeader) {
        this.#pageHeader(bytes, at, piece, header);
        at += piece;
      } else at = this.#body(bytes, at, at + piece);
    }
  }

  #pageHeader(bytes: Buffer, at: number, piece: number, length: number): void {
    bytes.copy(this.#page, this.#pageHas, at, at + piece);
    this.#pageHas += piece;
    this.#at += piece;
    if (this.#pageHas < length) return;
    this.#pageHas = 0;
    const page = this.#page;
    const [magic, info, timeline] = [page.readUInt16LE(0), page.readUInt16LE(2), page.readUInt32LE(4)];
    const here = this.#options.start + BigInt(this.#at - length);
    if (page.readBigUInt64LE(8) !== here) this.#wrong(`is that of ${lsnText(page.readBigUInt64LE(8))}`, here);
    if (magic >>> 8 !== 0xd1 || (this.#magic !== 0 && magic !== this.#magic)) this.#wrong('is of another format', here);
    this.#magic = magic;
    if (timeline > this.#options.timeline || timeline < this.#timeline || timeline === 0)
      this.#wrong(`is of timeline ${timeline}, after ${this.#timeline} and up to ${this.#options.timeline}`, here);
    this.#timeline = timeline;
    if (((info & long) !== 0) !== (length === longHeader)) this.#wrong('has a header of the wrong length', here);
    if (length === longHeader) this.#longHeader(page, here);
    this.#continuation(info, page.readUInt32LE(16), here);
  }

  #longHeader(page: Buffer, here: Lsn): void {
    const { systemIdentifier, segmentSize } = this.#options;
    const system = String(page.readBigUInt64LE(24));
    if (system !== systemIdentifier) this.#wrong(`is of the cluster ${system}, not of ${systemIdentifier}`, here);
    if (page.readUInt32LE(32) !== segmentSize) this.#wrong(`is of segments of ${page.readUInt32LE(32)} bytes`, here);
    if (page.readUInt32LE(36) !== walPage) this.#wrong(`is one of ${page.readUInt32LE(36)} bytes`, here);
  }

  /** What the page says of the record that runs into it has to be what is known of it. */
  #continuation(info: number, left: number, here: Lsn): void {
    if ((info & overwrites) !== 0) {
      // the server crashed while it wrote that record, and has begun anew here
      this.#has = -1;
      this.#skip = 0;
      return;
    }
    const first = here === this.#options.start;
    const runsOn = (info & continued) !== 0;
    if (runsOn !== left > 0 || (info & ~everyFlag) !== 0) this.#wrong('has flags that contradict it', here);
    if (first && runsOn) this.#skip = left;
    if (first) return;
    if (this.#skip > 0) {
      if (!runsOn || left !== this.#skip) this.#wrong('does not go on with the record before it', here);
      return;
    }
    const expected = this.#has < 0 ? 0 : this.#length - this.#has;
    if (runsOn !== this.#has >= 0 || (runsOn && left !== expected))
      this.#wrong('does not go on with the record before it', here);
  }

  /** Bytes of one page, behind its header. Ends early where a switch leaves the rest unused. */
  #body(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.#unused === 0) {
      if (this.#skip > 0) {
        const some = Math.min(this.#skip, to - at);
        this.#skip -= some;
        this.#at += some;
        at += some;
        if (this.#skip === 0) this.#pad();
        continue;
      }
      if (this.#has < 0) {
        this.#has = 0;
        this.#length = 0;
        this.#began = this.#at;
        this.#crc = 0;
      }
      const some = this.#has < recordHeader ? this.#header(bytes, at, to) : this.#data(bytes, at, to);
      this.#at += some;
      at += some;
      if (this.#has >= recordHeader && this.#has === this.#length) this.#whole();
    }
    return at;
  }

  /** Takes what is missing of the record's header. */
  #header(bytes: Buffer, at: number, to: number): number {
    const some = Math.min(recordHeader - this.#has, to - at);
    bytes.copy(this.#head, this.#has, at, at + some);
    this.#has += some;
    if (this.#length === 0 && this.#has >= 4) {
      this.#length = this.#head.readUInt32LE(0);
      if (this.#length < recordHeader || this.#length > longestRecord) this.#bad(`has the length ${this.#length}`);
    }
    return some;
  }

  #data(bytes: Buffer, at: number, to: number): number {
    const some = Math.min(this.#length - this.#has, to - at);
    if (this.#has < recordHead) bytes.copy(this.#head, this.#has, at, at + Math.min(some, recordHead - this.#has));
    this.#crc = crc32c(bytes, this.#crc, at, at + some);
    this.#has += some;
    return some;
  }

  #whole(): void {
    const head = this.#head;
    const crc = crc32c(head, this.#crc, 0, checksumAt);
    if (crc !== head.readUInt32LE(checksumAt)) this.#bad('does not have its checksum');
    this.#follows(head.readUInt32LE(12), head.readUInt32LE(8));
    this.records += 1;
    this.#has = -1;
    this.#pad();
    this.#end = this.#at + this.#skip;
    const news = readRecord(head, 0, Math.min(this.#length, recordHead));
    if (news) this.#noted(news);
  }

  /** Each record names the one before it. The halves stay exact, as a scan is shorter than 2^53 bytes. */
  #follows(upper: number, lower: number): void {
    if (this.#beforeUpper >= 0 && (upper !== this.#beforeUpper || lower !== this.#beforeLower))
      this.#bad('does not follow the one before it');
    const here = this.#startLower + this.#began;
    this.#beforeUpper = this.#startUpper + Math.floor(here / 0x1_0000_0000);
    this.#beforeLower = here % 0x1_0000_0000;
  }

  #noted(news: RecordNews): void {
    if (news.what === 'transaction-end') {
      this.transactions += 1;
      if (this.newestEnd === undefined || news.time > this.newestEnd) this.newestEnd = news.time;
    } else if (news.what === 'restore-point') {
      this.restorePoints.push({ name: news.name, time: news.time, lsn: this.end });
    } else if (news.what === 'switch') {
      const size = this.#options.segmentSize;
      this.#unused = (size - (this.#at % size)) % size;
      this.#skip = 0;
      this.#end = this.#at + this.#unused;
    } else {
      const where = lsnText(this.#options.start + BigInt(this.#began));
      fail('WalLost', `the server ran with wal_level = minimal at ${where}: what it did then is not in its log`, {
        hint: 'Set wal_level = replica and keep it so, and take a new base: tidemark backup --cadence full.',
      });
    }
  }

  /** Records begin at multiples of eight. */
  #pad(): void {
    this.#skip = (8 - (this.#at % 8)) % 8;
  }

  #wrong(what: string, here: Lsn): never {
    return damaged(`the page at ${lsnText(here)} of the server's log ${what}`);
  }

  #bad(what: string): never {
    return damaged(`the record at ${lsnText(this.#options.start + BigInt(this.#began))} of the server's log ${what}`);
  }
}

function damaged(what: string): never {
  return fail('ChecksumMismatch', what, {
    hint: 'If it comes again, look at the disk and the memory of the server, and take a new base: tidemark backup --cadence full.',
  });
}
