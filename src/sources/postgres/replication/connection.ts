/**
 * A replication connection: https://www.postgresql.org/docs/current/protocol-replication.html. node-postgres logs in (TLS,
 * SCRAM); from then on the socket is ours, as it is the only way to let the server wait for us while it pours.
 *
 * It is opened on a database, so it takes SQL as well as replication commands, and an ordinary line of pg_hba.conf lets it
 * in. One command runs at a time. Whoever leaves a command before its end has to close the connection.
 */
import type { Socket } from 'node:net';
import { fail } from '../../../core/errors.ts';
import { connect } from '../client.ts';
import { type Connection, serverOf } from '../connection.ts';
import { type Complaint, columnsOf, complaintOf, type ResultSet, rowOf, ServerError, terminated } from './messages.ts';
import { commandError, loginError } from './refusals.ts';
import { type Message, Wire } from './wire.ts';

/** What a command brings, in order. */
export type Event =
  | { readonly is: 'rows'; readonly result: ResultSet }
  /** The server begins to send (`out`), waits to be sent (`in`), or both. */
  | { readonly is: 'copy'; readonly direction: 'in' | 'out' | 'both' }
  /** One message of a copy; valid for as long as somebody holds it. */
  | { readonly is: 'data'; readonly bytes: Buffer }
  /** The server's side of a copy has ended. */
  | { readonly is: 'copied' };

export interface CopyBoth {
  /** The next message; `silent` after so many milliseconds without one; undefined once the server has ended its side. */
  read(silence?: number): Promise<Buffer | 'silent' | undefined>;
  /** The next message if it has arrived. */
  atHand(): Buffer | undefined;
  send(bytes: Uint8Array): void;
  /** Ends our side too, reads what is still under way, and gives the result sets that follow, as at the end of a timeline. */
  end(): Promise<readonly ResultSet[]>;
}

/** Errors: `DatabaseUnreachable`, `DatabaseRefused` (with what has to be granted or set), `SourceMissing`. */
export async function openReplication(
  connection: Connection,
  notice: (complaint: Complaint) => void = () => {},
): Promise<ReplicationConnection> {
  try {
    const client = await connect(connection, { replication: true });
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    return new ReplicationConnection(new Wire(stream), connection, notice);
  } catch (error) {
    throw loginError(error, connection);
  }
}

/** Opens one, does `work`, and always closes. */
export async function withReplication<Result>(
  connection: Connection,
  work: (replication: ReplicationConnection) => Promise<Result>,
  notice?: (complaint: Complaint) => void,
): Promise<Result> {
  const replication = await openReplication(connection, notice);
  try {
    return await work(replication);
  } finally {
    replication.close();
  }
}

const directions: Readonly<Record<string, 'in' | 'out' | 'both'>> = { G: 'in', H: 'out', W: 'both' };

export class ReplicationConnection {
  readonly #wire: Wire;
  readonly #connection: Connection;
  readonly #notice: (complaint: Complaint) => void;
  #command = '';
  #busy = false;

  constructor(wire: Wire, connection: Connection, notice: (complaint: Complaint) => void) {
    this.#wire = wire;
    this.#connection = connection;
    this.#notice = notice;
  }

  get server(): string {
    return serverOf(this.#connection);
  }

  /** Everything that a command brings, to its end. Errors: those of the server, in our words; `DatabaseUnreachable`. */
  async *run(command: string): AsyncGenerator<Event, void, undefined> {
    this.#begin(command);
    let result: { columns: string[]; rows: (string | null)[][] } = { columns: [], rows: [] };
    for (;;) {
      const message = this.#take() ?? (await this.#next());
      switch (message.type) {
        case 'd':
          yield { is: 'data', bytes: message.body };
          break;
        case 'T':
          result = { columns: columnsOf(message.body), rows: [] };
          break;
        case 'D':
          result.rows.push(rowOf(message.body));
          break;
        case 'C':
          if (result.columns.length > 0) yield { is: 'rows', result };
          result = { columns: [], rows: [] };
          break;
        case 'G':
        case 'H':
        case 'W':
          yield { is: 'copy', direction: directions[message.type]! };
          break;
        case 'c':
          yield { is: 'copied' };
          break;
        case 'E':
          return await this.#refused(complaintOf(message.body));
        case 'Z':
          this.#busy = false;
          return;
        default:
          break; // an empty query, say
      }
    }
  }

  /** The result sets of a command that copies nothing. */
  async query(command: string): Promise<readonly ResultSet[]> {
    const results: ResultSet[] = [];
    for await (const event of this.run(command)) {
      if (event.is === 'rows') results.push(event.result);
      else fail('Unexpected', `${command.split(' ')[0]} was answered with a copy`);
    }
    return results;
  }

  /** The rows of the last result set, by column. */
  async rows(command: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
    const { columns, rows } = (await this.query(command)).at(-1) ?? { columns: [], rows: [] };
    return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])));
  }

  /** Pours `pieces` into a command that takes a copy, such as `UPLOAD_MANIFEST`. */
  async copyIn(command: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    for await (const event of this.run(command)) {
      if (event.is !== 'copy') continue;
      for await (const piece of pieces) {
        this.#wire.send('d', piece);
        await this.#guarded(() => this.#wire.sent());
      }
      this.#wire.send('c', Buffer.alloc(0));
    }
  }

  /** A copy in both directions, such as `START_REPLICATION`. Errors: as those of `run`. */
  async copyBoth(command: string): Promise<CopyBoth> {
    const events = this.run(command);
    const first = await events.next();
    if (first.done || first.value.is !== 'copy') {
      return fail('DatabaseRefused', `${this.server} did not begin to send: ${command}`, {
        hint: 'Look at the position and the timeline that were asked for, and at the log of the server.',
      });
    }
    let ended = false;
    const payload = (message: Message): Buffer | undefined => {
      if (message.type === 'd') return message.body;
      if (message.type === 'E') throw this.#refusal(complaintOf(message.body));
      if (message.type !== 'c') fail('Unexpected', `the server sent ${message.type} in the middle of a copy`);
      ended = true;
      return undefined;
    };
    return {
      read: async (silence) => {
        if (ended) return undefined;
        const message = this.#take() ?? (await this.#guarded(() => this.#nextOrSilent(silence)));
        if (message?.type === 'E') return await this.#refused(complaintOf(message.body));
        return message === undefined ? 'silent' : payload(message);
      },
      atHand: () => {
        const message = ended ? undefined : this.#take();
        return message && payload(message);
      },
      send: (bytes) => this.#wire.send('d', bytes),
      end: async () => {
        this.#wire.send('c', Buffer.alloc(0));
        const results: ResultSet[] = [];
        for await (const event of events) if (event.is === 'rows') results.push(event.result);
        return results;
      },
    };
  }

  close(): void {
    this.#wire.close();
  }

  #begin(command: string): void {
    if (this.#busy) fail('Unexpected', `${this.#command.split(' ')[0]} is still under way on this connection`);
    this.#busy = true;
    this.#command = command;
    this.#wire.send('Q', terminated(command));
  }

  #take(): Message | undefined {
    for (;;) {
      const message = this.#wire.take();
      if (message === undefined || this.#concerns(message)) return message;
    }
  }

  async #next(): Promise<Message> {
    return this.#guarded(async () => (await this.#nextOrSilent(undefined))!);
  }

  async #nextOrSilent(silence: number | undefined): Promise<Message | undefined> {
    for (;;) {
      const message = await this.#wire.next(silence);
      if (message === undefined || this.#concerns(message)) return message;
    }
  }

  /** False for what the server says by the way. */
  #concerns({ type, body }: Message): boolean {
    if (type === 'N') this.#notice(complaintOf(body));
    return type !== 'N' && type !== 'S' && type !== 'A';
  }

  /** Reads on until the server is ready for another command, where it will be, and throws what it complained of. */
  async #refused(complaint: Complaint): Promise<never> {
    if (complaint.severity === 'ERROR') {
      while ((await this.#next()).type !== 'Z') {}
      this.#busy = false;
    }
    throw this.#refusal(complaint);
  }

  #refusal(complaint: Complaint): unknown {
    return commandError(new ServerError(complaint), this.#connection, this.#command);
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw commandError(error, this.#connection, this.#command);
    }
  }
}
