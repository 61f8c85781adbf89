/**
 * A PostgreSQL server for as long as some work takes: the bench's database files are what a real server left on the disk
 * when it was shut down in the usual way.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPostgres } from '../../../local/postgres/find.ts';
import { type RunningPostgres, startPostgres } from '../../../local/postgres/server.ts';
import { type Client, withClient } from '../../../src/sources/postgres/client.ts';
import { parseConnection } from '../../../src/sources/postgres/connection.ts';
import { toolPath } from '../../../src/sources/postgres/tools.ts';

/** The server listens on loopback, for these minutes, and what is in it is made up. */
const password = 'of no importance';

export interface Cluster {
  readonly client: Client;
  /** A plain dump of some tables, written to a file. */
  dump(tables: readonly string[], file: string): Promise<void>;
}

/**
 * Starts a server on a cluster (made when it is not there), does the work, writes a checkpoint, and shuts the server down.
 * `durable`: with the log that a server of somebody who needs the data writes; without it a bulk load leaves none.
 */
export async function withCluster(
  options: { readonly dataDirectory: string; readonly durable: boolean },
  work: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const tools = await findPostgres();
  const server = await startPostgres({ ...options, tools, password });
  try {
    await withClient(parseConnection(server.url), async (client) => {
      await work({ client, dump: (tables, file) => dump(server, tables, file) });
      await client.query('checkpoint');
    });
  } finally {
    await server.stop('fast');
  }
}

async function dump(server: RunningPostgres, tables: readonly string[], file: string): Promise<void> {
  const chosen = tables.flatMap((table) => ['--table', table]);
  await promisify(execFile)(toolPath(server.tools, 'pg_dump'), ['--dbname', server.url, ...chosen, '--file', file]);
}
