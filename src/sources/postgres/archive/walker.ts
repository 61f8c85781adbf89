/**
 * Reads a dump in custom format as it flows by, from the first byte to the last, and holds it against its own table of
 * contents: every entry that promises data has its block, blocks end where they say, nothing follows the last one. A dump
 * that was cut anywhere is refused, which an exit code or `pg_restore --list` does not do.
 */
import { type ErrorName, fail } from '../../../core/errors.ts';
import { type ArchiveContents, type ArchiveEntry, readContents } from './contents.ts';

export interface ArchiveListener {
  contents?(contents: ArchiveContents): void;
  /** A stretch of an entry's data; the bytes are only valid during the call. */
  data?(entry: ArchiveEntry, bytes: Buffer): void;
  /** The entry's data is over. */
  dataEnd?(entry: ArchiveEntry): void;
}

const blockOfData = 1;
const blockOfLargeObjects = 3;
const integerLength = 5;

type Expecting = 'head' | 'block' | 'large object' | 'piece' | 'bytes';

export class ArchiveWalker {
  readonly #listener: ArchiveListener;
  readonly #errorName: ErrorName;
  #expecting: Expecting = 'head';
  /** Bytes of the head, or of a number that began in an earlier write. */
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #waiting = 0;
  #tryAt = 0;
  #contents: ArchiveContents | undefined;
  readonly #due = new Map<number, ArchiveEntry>();
  #entry: ArchiveEntry | undefined;
  #inLargeObjects = false;
  #left = 0;

  constructor(listener: ArchiveListener, errorName: ErrorName) {
    this.#listener = listener;
    this.#errorName = errorName;
  }

  get contents(): ArchiveContents | undefined {
    return this.#contents;
  }

  write(input: Uint8Array): void {
    const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    if (this.#expecting === 'head') this.#head(bytes);
    else this.#walk(bytes);
  }

  /** Errors: the error name given, when the dump is not whole. */
  end(): void {
    if (this.#expecting === 'head' && this.#waiting > 0) this.#head(Buffer.alloc(0), true);
    if (this.#contents === undefined) this.#refuse(this.#waiting === 0 ? 'it is empty' : 'it ends in its head');
    if (this.#expecting !== 'block' || this.#rest.length > 0) {
      this.#refuse(`it ends inside the data of ${nameOfEntry(this.#entry)}`);
    }
    const [first] = this.#due.values();
    if (first !== undefined)
      this.#refuse(`the data of ${this.#due.size} entries is not there, first of them ${nameOfEntry(first)}`);
  }

  #head(bytes: Buffer, last = false): void {
    // The sink may reuse its buffers, and so may the pipe: what is kept is copied.
    if (bytes.length > 0) this.#parts.push(Buffer.from(bytes));
    this.#waiting += bytes.length;
    if (this.#waiting < this.#tryAt && !last) return;
    const all = Buffer.concat(this.#parts);
    const contents = readContents(all, this.#errorName);
    if (contents === undefined) {
      this.#parts = [all];
      this.#tryAt = all.length * 2; // so that a long head is not read over and over
      return;
    }
    this.#parts = [];
    this.#contents = contents;
    for (const entry of contents.entries) if (entry.hasData) this.#due.set(entry.id, entry);
    this.#expecting = 'block';
    this.#listener.contents?.(contents);
    this.#walk(all.subarray(contents.length));
  }

  #walk(input: Buffer): void {
    const bytes = this.#rest.length === 0 ? input : Buffer.concat([this.#rest, input]);
    let at = 0;
    while (at < bytes.length) {
      if (this.#expecting === 'bytes') {
        const length = Math.min(this.#left, bytes.length - at);
        this.#listener.data?.(this.#entry!, bytes.subarray(at, at + length));
        this.#left -= length;
        at += length;
        if (this.#left === 0) this.#expecting = 'piece';
        continue;
      }
      const needed = this.#expecting === 'block' ? 1 + integerLength : integerLength;
      if (bytes.length - at < needed) break;
      if (this.#expecting === 'block') this.#block(bytes[at]!, integerAt(bytes, at + 1));
      else if (this.#expecting === 'large object') this.#largeObject(integerAt(bytes, at));
      else this.#piece(integerAt(bytes, at));
      at += needed;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  }

  #block(type: number, id: number): void {
    const entry = this.#due.get(id);
    if (type !== blockOfData && type !== blockOfLargeObjects)
      this.#refuse(`it has a block of the unknown type ${type}`);
    if (entry === undefined)
      this.#refuse(`it has data of the entry ${id}, which does not exist or had its data before`);
    this.#due.delete(id);
    this.#entry = entry;
    this.#inLargeObjects = type === blockOfLargeObjects;
    this.#expecting = this.#inLargeObjects ? 'large object' : 'piece';
  }

  #largeObject(oid: number): void {
    if (oid === 0) this.#endOfEntry();
    else this.#expecting = 'piece';
  }

  #piece(length: number): void {
    if (length < 0) this.#refuse(`a piece of ${nameOfEntry(this.#entry)} has a negative length`);
    this.#left = length;
    if (length > 0) this.#expecting = 'bytes';
    else if (this.#inLargeObjects) this.#expecting = 'large object';
    else this.#endOfEntry();
  }

  #endOfEntry(): void {
    this.#listener.dataEnd?.(this.#entry!);
    this.#entry = undefined;
    this.#expecting = 'block';
  }

  #refuse(what: string): never {
    return fail(this.#errorName, `the dump is not whole: ${what}`, {
      hint: 'Nothing of it was used. Take the snapshot again, and look at the log of the database server.',
    });
  }
}

function integerAt(bytes: Buffer, at: number): number {
  const magnitude = bytes.readUInt32LE(at + 1);
  return bytes[at] === 1 ? -magnitude : magnitude;
}

export function nameOfEntry(entry: ArchiveEntry | undefined): string {
  if (entry === undefined) return 'nothing';
  return `${entry.kind} ${entry.schema === undefined ? '' : `${entry.schema}.`}${entry.tag}`;
}
