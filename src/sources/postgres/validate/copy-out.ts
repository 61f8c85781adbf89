/** Reads a table the way pg_dump does (COPY), so that what a server holds can be compared with what a dump holds. */
import type { Submittable } from 'pg';
import { RowHasher } from '../archive/rows.ts';
import type { Client } from '../client.ts';

/** As pg_dump sets its session; with other settings the same values are other text. */
export async function speakLikeDump(client: Client, encoding: string, byteaOutput: string): Promise<void> {
  await client.query(
    `set datestyle = 'ISO'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 3;
     set search_path = ''; set statement_timeout = 0; set row_security = off; set synchronize_seqscans = off`,
  );
  await client.query(`select pg_catalog.set_config('bytea_output', $1, false)`, [byteaOutput]);
  await client.query(`select pg_catalog.set_config('client_encoding', $1, false)`, [encoding]);
}

/** `statement`: COPY ... TO STDOUT. Every row goes through the hash, none is kept. */
export function hashRows(client: Client, statement: string): Promise<RowHasher> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOut(statement, resolve, reject));
  });
}

/** What node-postgres calls while a query is under way; it has no COPY of its own. */
class CopyOut implements Submittable {
  readonly #statement: string;
  readonly #resolve: (hasher: RowHasher) => void;
  readonly #reject: (error: Error) => void;
  readonly #hasher = new RowHasher();
  #failed: Error | undefined;

  constructor(statement: string, resolve: (hasher: RowHasher) => void, reject: (error: Error) => void) {
    this.#statement = statement;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: { query(text: string): void }): void {
    connection.query(this.#statement);
  }

  handleCopyData(message: { chunk: Buffer }): void {
    this.#hasher.write(message.chunk);
  }

  handleError(error: Error): void {
    this.#failed = error;
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failed === undefined) this.#resolve(this.#hasher);
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
