/**
 * Messages of PostgreSQL's protocol over a socket that is logged in: https://www.postgresql.org/docs/current/protocol-message-formats.html
 * Nothing is read ahead of whoever takes the messages by more than `enough` bytes: then the socket is paused, the server's
 * buffers fill, and it waits. What has arrived is handed out without a copy, unless it lies in two pieces.
 */
import type { Socket } from 'node:net';

export interface Message {
  /** The letter that says what it is. */
  readonly type: string;
  /** Valid for as long as somebody holds it. */
  readonly body: Buffer;
}

const enough = 1024 * 1024;
const headLength = 5;
/** Longer than anything that a server sends here; what claims more is no message. */
const longest = 1024 * 1024 * 1024;

export class Wire {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #length = 0;
  #waiting: ((outcome: 'more' | 'silent') => void) | undefined;
  #ended: Error | undefined;

  /** Takes the socket over: whoever read from it before does so no more. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.removeAllListeners('data');
    socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#length += piece.length;
      if (this.#length >= enough) socket.pause();
      this.#wake('more');
    });
    socket.on('timeout', () => this.#wake('silent'));
    socket.on('error', (error: Error) => this.#end(error));
    socket.on('end', () => this.#end(new Error('the server closed the connection')));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
    if (socket.destroyed) this.#end(new Error('the connection was closed'));
  }

  /** The next message if it has arrived. */
  take(): Message | undefined {
    if (this.#length < headLength) return undefined;
    const length = this.#lengthAhead();
    if (this.#length < length + 1) return undefined;
    const whole = this.#read(length + 1);
    return { type: String.fromCharCode(whole[0]!), body: whole.subarray(headLength) };
  }

  /**
   * Waits for a message. `silence`: for so many milliseconds without a byte at the most, then it is undefined. Errors: why
   * the connection ended.
   */
  async next(silence?: number): Promise<Message | undefined> {
    for (;;) {
      const message = this.take();
      if (message !== undefined) return message;
      if (this.#ended !== undefined) throw this.#ended;
      if ((await this.#more(silence)) === 'silent') return undefined;
    }
  }

  send(type: string, body: Uint8Array): void {
    const message = Buffer.allocUnsafe(headLength + body.length);
    message.write(type, 0, 'latin1');
    message.writeUInt32BE(body.length + 4, 1);
    message.set(body, headLength);
    this.#socket.write(message);
  }

  /** Waits until what was sent is on its way, when it is much. */
  async sent(): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (!this.#socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  /** Says good-bye, if that can still be said, and lets go of the socket. */
  close(): void {
    this.#end(new Error('the connection was closed from this side'));
    this.#pieces = [];
    this.#length = 0;
    if (this.#socket.destroyed) return;
    this.send('X', Buffer.alloc(0));
    this.#socket.destroySoon();
    this.#socket.resume(); // what still comes is of no interest, and must not keep the socket open
  }

  async #more(silence: number | undefined): Promise<'more' | 'silent'> {
    this.#socket.setTimeout(silence ?? 0);
    try {
      return await new Promise((resolve) => {
        this.#waiting = resolve;
        if (this.#socket.isPaused()) this.#socket.resume();
      });
    } finally {
      if (silence !== undefined) this.#socket.setTimeout(0);
    }
  }

  #wake(outcome: 'more' | 'silent'): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(outcome);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#wake('more');
  }

  /** What the next message says its length is. Its head must have arrived. */
  #lengthAhead(): number {
    let head = this.#pieces[0]!;
    if (head.length < headLength) head = Buffer.concat(this.#pieces.slice(0, headLength));
    const length = head.readUInt32BE(1);
    if (length >= 4 && length <= longest) return length;
    throw new Error(`the server sent ${head.toString('hex', 0, headLength)}, which begins no message`);
  }

  /** Takes so many bytes off the front. They must have arrived; only those that lie in several pieces are copied. */
  #read(length: number): Buffer {
    const first = this.#pieces[0]!;
    let taken: Buffer;
    if (first.length > length) {
      taken = first.subarray(0, length);
      this.#pieces[0] = first.subarray(length);
    } else if (first.length === length) {
      taken = first;
      this.#pieces.shift();
    } else {
      taken = Buffer.allocUnsafe(length);
      for (let at = 0; at < length; ) {
        const piece = this.#pieces[0]!;
        const count = piece.copy(taken, at);
        at += count;
        if (count === piece.length) this.#pieces.shift();
        else this.#pieces[0] = piece.subarray(count);
      }
    }
    this.#length -= length;
    if (this.#length < enough / 2 && this.#socket.isPaused() && this.#ended === undefined) this.#socket.resume();
    return taken;
  }
}
