/**
 * Incremental files, which servers from version 17 on send in place of relations: which pages have changed since the
 * backup before, these pages, and how long the rest may be. With the file before they make the file of today. Pages that
 * have not changed are neither read nor sent nor looked at: the new file names the blobs of the old one.
 *
 * The form: magic, number of pages, shortest length in pages, the number of each page (all little endian, 32 bits), zeros up
 * to a whole page where any page follows, then the pages. See `basebackup_incremental.c`.
 */
import { fail } from '../../../../core/errors.ts';
import type { BlobId } from '../../../../format/blob.ts';
import type { Content, TreeEntry } from '../../../../format/tree.ts';
import type { ContentReader, ContentSink } from '../../../port.ts';

export const changesPrefix = 'INCREMENTAL.';
const magic = 0xd3ae1f0d;

/** Takes an incremental file as it flows by; its pages go to the sink at once. */
export class Changes {
  readonly #sink: ContentSink;
  readonly #page: number;
  readonly #path: string;
  readonly #blobs = new Map<number, BlobId>();
  #head: Buffer = Buffer.alloc(0);
  #numbers: number[] | undefined;
  #shortest = 0;
  #rest: Buffer[] = [];
  #restLength = 0;
  #next = 0;

  constructor(sink: ContentSink, page: number, path: string) {
    [this.#sink, this.#page, this.#path] = [sink, page, path];
  }

  /** Errors: `DumpFailed` for what is no such file. */
  write(bytes: Buffer): void {
    let body = bytes;
    if (this.#numbers === undefined) {
      this.#head = Buffer.concat([this.#head, bytes]);
      const length = this.#headLength();
      if (length === undefined || this.#head.length < length) return;
      const count = this.#head.readUInt32LE(4);
      this.#numbers = Array.from({ length: count }, (_, at) => this.#head.readUInt32LE(12 + 4 * at));
      this.#shortest = this.#head.readUInt32LE(8);
      body = this.#head.subarray(length);
      this.#head = Buffer.alloc(0);
    }
    while (body.length > 0) {
      const take = Math.min(this.#page - this.#restLength, body.length);
      // copied: the caller's buffer is valid until we return
      this.#rest.push(Buffer.from(body.subarray(0, take)));
      this.#restLength += take;
      body = body.subarray(take);
      if (this.#restLength === this.#page) this.#take();
    }
  }

  /** All of it has come. Errors: `DumpFailed`. */
  end(): ChangedFile {
    const numbers = this.#numbers ?? this.#refuse();
    if (this.#restLength > 0 || this.#next !== numbers.length) this.#refuse();
    const pages = numbers.reduce((most, number) => Math.max(most, number + 1), this.#shortest);
    return { blobs: this.#blobs, pages, page: this.#page };
  }

  #headLength(): number | undefined {
    if (this.#head.length < 12) return undefined;
    if (this.#head.readUInt32LE(0) !== magic) this.#refuse();
    const length = 12 + 4 * this.#head.readUInt32LE(4);
    return length === 12 ? length : Math.ceil(length / this.#page) * this.#page;
  }

  #take(): void {
    const number = this.#numbers![this.#next] ?? this.#refuse();
    this.#blobs.set(number, this.#sink.put(Buffer.concat(this.#rest), 'data'));
    [this.#rest, this.#restLength] = [[], 0];
    this.#next += 1;
  }

  #refuse(): never {
    return fail('DumpFailed', `what the server sent as changes of ${this.#path} cannot be read`, {
      hint: 'Take a full backup, and report it with the version of the server.',
    });
  }
}

export interface ChangedFile {
  readonly blobs: ReadonlyMap<number, BlobId>;
  /** Length of the file of today, unless the one before says more. */
  readonly pages: number;
  /** Bytes. */
  readonly page: number;
}

/** The content of today, and whether it is that of before to the byte. Errors: `VaultDamaged`. */
export async function applied(
  changes: ChangedFile,
  before: TreeEntry,
  reader: ContentReader,
  sink: ContentSink,
): Promise<{ readonly content: Content; readonly same: boolean }> {
  const { blobs, pages, page } = changes;
  const { size = 0 } = before;
  if (blobs.size === 0 && pages * page === size && sink.holds(before.lists ?? before.blobs ?? [])) {
    const content = before.lists === undefined ? { size, blobs: before.blobs ?? [] } : { size, lists: before.lists };
    return { content, same: true };
  }
  const stream = sink.stream(undefined, page);
  let number = 0;
  for await (const ids of reader.blobsOf(before)) {
    for (const id of ids) {
      if (number >= pages) break;
      const changed = blobs.get(number);
      if (changed !== undefined) stream.refer(changed, page);
      else if (sink.holds([id])) stream.refer(id, page);
      else stream.write(await reader.blob(id)); // it may not be relied on any more, so it is stored again
      number += 1;
    }
    if (number >= pages) break;
    const draining = sink.drain();
    if (draining !== undefined) await draining;
  }
  for (; number < pages; number += 1) {
    const changed = blobs.get(number);
    if (changed === undefined)
      stream.writeHole(page); // made longer, and nothing was ever written there
    else stream.refer(changed, page);
  }
  const content = stream.end();
  if (content.size !== pages * page) {
    fail('VaultDamaged', `the snapshot before has a file that is not cut at its pages: ${before.name}`, {
      hint: 'Take a full backup: `tidemark backup --cadence full`.',
    });
  }
  return { content, same: blobs.size === 0 && content.size === size };
}
