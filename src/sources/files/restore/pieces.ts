/** A file read back from its beginning, in pieces of the caller's choice, with few and large reads. */
import { readSync } from 'node:fs';

const atOnce = 1024 * 1024;

export class FilePieces {
  #buffer = Buffer.allocUnsafeSlow(atOnce);
  #fd = -1;
  /** What is read and not yet handed out lies between these. */
  #begin = 0;
  #end = 0;
  #position = 0;

  /** Begins with another file. */
  of(fd: number): this {
    [this.#fd, this.#begin, this.#end, this.#position] = [fd, 0, 0, 0];
    return this;
  }

  /** Good until the next call; undefined when the file has less. */
  next(length: number): Buffer | undefined {
    if (this.#end - this.#begin < length) this.#fill(length);
    if (this.#end - this.#begin < length) return undefined;
    this.#begin += length;
    return this.#buffer.subarray(this.#begin - length, this.#begin);
  }

  #fill(length: number): void {
    const rest = this.#buffer.subarray(this.#begin, this.#end);
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(length);
    this.#buffer.set(rest, 0);
    [this.#begin, this.#end] = [0, rest.length];
    while (this.#end < length) {
      const count = readSync(this.#fd, this.#buffer, this.#end, this.#buffer.length - this.#end, this.#position);
      if (count === 0) return;
      this.#end += count;
      this.#position += count;
    }
  }
}
