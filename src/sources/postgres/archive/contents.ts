/**
 * The head of a dump in PostgreSQL's custom format: what is in it, entry by entry. Knowing it lets us tell a whole dump
 * from a cut one while it flows by, choose one table with all that belongs to it, and compare a restored database with
 * the dump itself. Known are the archive versions of PostgreSQL 12 to 18; another one is refused.
 */
import { type ErrorName, fail } from '../../../core/errors.ts';

export interface ArchiveEntry {
  readonly id: number;
  /** `TABLE`, `TABLE DATA`, `INDEX`, `FK CONSTRAINT`, ... in PostgreSQL's words. */
  readonly kind: string;
  readonly schema: string | undefined;
  /** The name; for what belongs to a table, table and name with a space between. */
  readonly tag: string;
  readonly owner: string;
  /** The SQL that makes it; empty for data. */
  readonly definition: string;
  readonly copy: string | undefined;
  readonly tablespace: string | undefined;
  /** Ids of the entries that must be there before. */
  readonly needs: readonly number[];
  /** A block of data follows somewhere behind the head. */
  readonly hasData: boolean;
}

export interface ArchiveContents {
  /** `1.14`; the third number does not matter. */
  readonly version: string;
  readonly database: string;
  readonly serverVersion: string;
  readonly toolVersion: string;
  readonly entries: readonly ArchiveEntry[];
  /** Length of the head: the blocks of data begin here. */
  readonly length: number;
  readonly integerBytes: number;
}

const magic = Buffer.from('PGDMP');
const knownMinors = [14, 15, 16];
const customFormat = 1;
const noData = 3;

/** Thrown inside this file when the head goes on beyond the bytes that are there yet. */
const short = Symbol('short');

/** The head of `bytes`, or undefined when more bytes are needed. Errors: `errorName`, `ToolMissing` (unknown version). */
export function readContents(bytes: Buffer, errorName: ErrorName): ArchiveContents | undefined {
  if (!magic.subarray(0, bytes.length).equals(bytes.subarray(0, magic.length))) {
    fail(errorName, 'what pg_dump wrote is not a dump in custom format');
  }
  try {
    return new HeadReader(bytes, errorName).read();
  } catch (error) {
    if (error === short) return undefined;
    throw error;
  }
}

class HeadReader {
  readonly #bytes: Buffer;
  readonly #errorName: ErrorName;
  #at = magic.length;
  #integerBytes = 4;
  #offsetBytes = 8;

  constructor(bytes: Buffer, errorName: ErrorName) {
    this.#bytes = bytes;
    this.#errorName = errorName;
  }

  read(): ArchiveContents {
    const [major, minor] = [this.#byte(), this.#byte()];
    this.#byte(); // revision
    if (major !== 1 || !knownMinors.includes(minor)) {
      fail('ToolMissing', `this dump has archive version ${major}.${minor}; known are 1.${knownMinors.join(', 1.')}`, {
        hint: 'Use pg_dump of PostgreSQL 12 to 18 (not older than the server), or a Tidemark that knows this version.',
      });
    }
    this.#integerBytes = this.#byte();
    this.#offsetBytes = this.#byte();
    if (this.#integerBytes !== 4 || this.#byte() !== customFormat) this.#refuse('it is not in custom format');
    const compression = minor >= 15 ? this.#byte() : this.#integer();
    if (compression !== 0) this.#refuse('it is compressed');
    for (let field = 0; field < 7; field += 1) this.#integer(); // when it was made
    const database = this.#text() ?? '';
    const serverVersion = this.#text() ?? '';
    const toolVersion = this.#text() ?? '';
    const count = this.#integer();
    const entries: ArchiveEntry[] = [];
    while (entries.length < count) entries.push(this.#entry(minor));
    const version = `${major}.${minor}`;
    return {
      version,
      database,
      serverVersion,
      toolVersion,
      entries,
      length: this.#at,
      integerBytes: this.#integerBytes,
    };
  }

  #entry(minor: number): ArchiveEntry {
    const id = this.#integer();
    if (id <= 0) this.#refuse(`it has an entry with the number ${id}`);
    this.#integer(); // "had dumper"; the offset flag below says it better
    this.#text(); // oid of the catalog
    this.#text(); // oid
    const tag = this.#text() ?? '';
    const kind = this.#text() ?? '';
    this.#integer(); // section
    const definition = this.#text() ?? '';
    this.#text(); // how to drop it
    const copy = this.#text() || undefined;
    const schema = this.#text() || undefined;
    const tablespace = this.#text() || undefined;
    this.#text(); // table access method
    if (minor >= 16) this.#integer(); // kind of relation
    const owner = this.#text() ?? '';
    this.#text(); // "with oids", of old
    const needs: number[] = [];
    for (let need = this.#text(); need !== undefined; need = this.#text()) needs.push(Number(need));
    const hasData = this.#byte() !== noData;
    this.#at += this.#offsetBytes;
    if (this.#at > this.#bytes.length) throw short;
    return { id, kind, schema, tag, owner, definition, copy, tablespace, needs, hasData };
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw short;
    this.#at += 1;
    return byte;
  }

  /** A sign, then the magnitude, least significant byte first. */
  #integer(): number {
    if (this.#at + 5 > this.#bytes.length) throw short;
    const magnitude = this.#bytes.readUInt32LE(this.#at + 1);
    const negative = this.#bytes[this.#at] === 1;
    this.#at += 5;
    return negative ? -magnitude : magnitude;
  }

  #text(): string | undefined {
    const length = this.#integer();
    if (length < 0) return undefined;
    if (this.#at + length > this.#bytes.length) throw short;
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  #refuse(what: string): never {
    return fail(this.#errorName, `the dump cannot be read: ${what}`);
  }
}
