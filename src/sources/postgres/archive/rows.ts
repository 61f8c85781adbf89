/**
 * Rows of the tables in a dump: counted, and hashed in a way that does not depend on their order, since a restored table
 * may hold its rows in another one. A row is a line of COPY text; a line that is only `\.` ends the data.
 */
import type { ArchiveEntry } from './contents.ts';

const newline = 0x0a;
const terminator = Buffer.from('\\.\n\n\n');
const terminatorLines = 3;

/** Counts the lines of one table's data; much cheaper than hashing them. */
export class RowCounter {
  #lines = 0;
  /** The last bytes, as many as the terminator has. */
  readonly #end = Buffer.alloc(terminator.length);

  write(bytes: Buffer): void {
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) this.#lines += 1;
    const fresh = Math.min(bytes.length, terminator.length);
    this.#end.copyWithin(0, fresh);
    bytes.copy(this.#end, terminator.length - fresh, bytes.length - fresh);
  }

  /** Undefined when the data does not end as COPY data does. */
  rows(): number | undefined {
    return this.#end.equals(terminator) ? this.#lines - terminatorLines : undefined;
  }
}

/** An order-independent fingerprint of rows: their number, their bytes and the sums of two 32-bit hashes of each. */
export class RowHasher {
  rows = 0;
  bytes = 0;
  #sums: [low: number, high: number] = [0, 0];
  #first = 0x811c9dc5;
  #second = 0x9747b28c;
  #length = 0;
  #terminator = 0;
  #over = false;

  write(bytes: Uint8Array): void {
    let [first, second, length] = [this.#first, this.#second, this.#length];
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (byte !== newline) {
        first = Math.imul(first ^ byte, 0x01000193);
        second = Math.imul(second ^ byte, 0x5bd1e995) ^ (second >>> 15);
        if (length < 2) this.#terminator = length === 0 ? byte : (this.#terminator << 8) | byte;
        length += 1;
        continue;
      }
      if (length === 2 && this.#terminator === 0x5c2e) this.#over = true;
      if (!this.#over) this.#row(first, second, length);
      [first, second, length] = [0x811c9dc5, 0x9747b28c, 0];
    }
    [this.#first, this.#second, this.#length] = [first, second, length];
  }

  #row(first: number, second: number, length: number): void {
    this.rows += 1;
    this.bytes += length + 1;
    this.#sums = [(this.#sums[0] + mixed(first ^ length)) >>> 0, (this.#sums[1] + mixed(second)) >>> 0];
  }

  /** Equal for equal rows in any order. */
  fingerprint(): string {
    const [low, high] = this.#sums;
    return `${this.rows}/${this.bytes}/${low.toString(16).padStart(8, '0')}${high.toString(16).padStart(8, '0')}`;
  }
}

/** Spreads a hash over all its bits, so that sums of many do not cancel out. */
function mixed(hash: number): number {
  let value = hash ^ (hash >>> 16);
  value = Math.imul(value, 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** `schema.table` of an entry of table data. */
export function tableOf(entry: ArchiveEntry): string {
  return `${entry.schema ?? ''}.${entry.tag}`;
}
