/**
 * Reads a tar archive as it flows by: entries begin, their bytes come in pieces, they end. The format is what PostgreSQL
 * sends (ustar, large sizes in base 256); anything else in it is refused, as a file that is passed over would be missed.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
 */
import { fail } from '../../../../core/errors.ts';

export interface TarEntry {
  /** Without a slash at its end. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds. */
  readonly mtime: number;
  /** Of a symbolic link. */
  readonly target: string;
}

export interface TarVisitor {
  begin(entry: TarEntry): void;
  /** Some bytes of the file that began last; valid until it returns. */
  data(bytes: Buffer): void;
  /** The file that began last is whole. Not called for directories and links. */
  end(): void;
}

const block = 512;
const types: Readonly<Record<string, TarEntry['type']>> = {
  '\0': 'file',
  '0': 'file',
  '2': 'symlink',
  '5': 'directory',
};

export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #name: string;
  #head = Buffer.alloc(block);
  #headLength = 0;
  /** Bytes of the current file still to come, then of its padding. */
  #left = 0;
  #padding = 0;
  #ended = false;

  /** `name` is the archive's, for messages. */
  constructor(name: string, visitor: TarVisitor) {
    this.#name = name;
    this.#visitor = visitor;
  }

  /** Errors: `DumpFailed` for what is no such archive. */
  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const take = Math.min(this.#left, bytes.length - at);
        this.#visitor.data(bytes.subarray(at, at + take));
        at += take;
        this.#left -= take;
        if (this.#left === 0) this.#visitor.end();
      } else if (this.#padding > 0) {
        const take = Math.min(this.#padding, bytes.length - at);
        at += take;
        this.#padding -= take;
      } else {
        const take = Math.min(block - this.#headLength, bytes.length - at);
        bytes.copy(this.#head, this.#headLength, at, at + take);
        at += take;
        this.#headLength += take;
        if (this.#headLength === block) this.#begin();
      }
    }
  }

  /** Errors: `DumpFailed` when the archive ends in the middle. */
  finish(): void {
    if (this.#left > 0 || this.#headLength > 0 || this.#padding > 0) this.#refuse('ends in the middle of a file');
  }

  #begin(): void {
    this.#headLength = 0;
    const head = this.#head;
    if (head.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    if (this.#ended) this.#refuse('goes on after its end');
    if (number(head, 148, 8) !== checksum(head)) this.#refuse('has a header with a wrong checksum');
    const [name, prefix] = [text(head, 0, 100), text(head, 345, 155)];
    const path = (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '').replace(/\/+$/, '');
    const letter = String.fromCharCode(head[156]!);
    const type =
      types[letter] ?? this.#refuse(`holds ${path} of the type ${JSON.stringify(letter)}, which is not known`);
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      this.#refuse(`holds the path ${JSON.stringify(path)}`);
    }
    const size = type === 'file' ? number(head, 124, 12) : 0;
    if (!Number.isSafeInteger(size) || size < 0) this.#refuse(`holds ${path} with a size that cannot be`);
    this.#visitor.begin({
      path,
      type,
      mode: number(head, 100, 8) & 0o7777,
      uid: number(head, 108, 8),
      gid: number(head, 116, 8),
      size,
      mtime: number(head, 136, 12),
      target: text(head, 157, 100),
    });
    if (type !== 'file') return;
    this.#left = size;
    this.#padding = (block - (size % block)) % block;
    if (size === 0) this.#visitor.end();
  }

  #refuse(what: string): never {
    return fail('DumpFailed', `the archive ${this.#name} that the server sent ${what}`, {
      hint: 'Take the backup again; if it says so again, report it with the version of the server.',
    });
  }
}

function text(head: Buffer, start: number, length: number): string {
  const end = head.indexOf(0, start);
  return head.toString('utf8', start, end === -1 || end > start + length ? start + length : end);
}

/** Octal digits or, where the first bit is set, a number in base 256. */
function number(head: Buffer, start: number, length: number): number {
  if ((head[start]! & 0x80) === 0) return Number.parseInt(text(head, start, length).trim() || '0', 8);
  let value = 0;
  for (let at = start + 1; at < start + length; at += 1) value = value * 256 + head[at]!;
  return value;
}

function checksum(head: Buffer): number {
  let sum = 8 * 32; // its own field counts as spaces
  for (let at = 0; at < block; at += 1) if (at < 148 || at >= 156) sum += head[at]!;
  return sum;
}
