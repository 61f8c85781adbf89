/** A file read back from its beginning, in pieces of the caller's choice, with few and large reads. */
import { readSync } from 'node:fs';
import { native } from '../native.ts';

const atOnce = 1024 * 1024;

export class FilePieces {
  #buffer = Buffer.allocUnsafeSlow(atOnce);
  #fd = -1;
  /** What is read and not yet handed out lies between these. */
  #begin = 0;
  #end = 0;
  #position = 0;
  /** Where data begins after the hole that was looked at last. */
  #data = 0;

  /** Begins with another file. */
  of(fd: number): this {
    [this.#fd, this.#begin, this.#end, this.#position, this.#data] = [fd, 0, 0, 0, 0];
    return this;
  }

  /** Good until the next call; undefined when the file has less. */
  next(length: number): Buffer | undefined {
    if (this.#end - this.#begin < length) this.#fill(length);
    if (this.#end - this.#begin < length) return undefined;
    this.#begin += length;
    return this.#buffer.subarray(this.#begin - length, this.#begin);
  }

  /** True when as many bytes are a hole of the file, and so zeros; `pass` then goes on behind them. */
  isHole(length: number): boolean {
    if (this.#at >= this.#data) this.#data = nextData(this.#fd, this.#at);
    return this.#at + length <= this.#data;
  }

  pass(length: number): void {
    [this.#begin, this.#end, this.#position] = [0, 0, this.#at + length];
  }

  get #at(): number {
    return this.#position - (this.#end - this.#begin);
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

function nextData(fd: number, from: number): number {
  return native === undefined ? from : (native.nextData(fd, from) ?? Number.POSITIVE_INFINITY);
}
