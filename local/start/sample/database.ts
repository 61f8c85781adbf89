/** A PostgreSQL server of our own with the node network in it. It ends with us, however we end. */
import { withClient } from '../../../src/sources/postgres/client.ts';
import { parseConnection } from '../../../src/sources/postgres/connection.ts';
import { findPostgres } from '../../postgres/find.ts';
import { fillNodeNetwork } from '../../postgres/node-network.ts';
import { type RunningPostgres, startPostgres } from '../../postgres/server.ts';

export interface SampleDatabase {
  readonly server: RunningPostgres;
  readonly url: string;
  /** On disk. */
  readonly bytes: number;
}

/** Errors: `ToolMissing` when there is no PostgreSQL here, with what to install. */
export async function startServer(folder: string): Promise<RunningPostgres> {
  return startPostgres({ dataDirectory: folder, tools: await findPostgres() });
}

export async function fillDatabase(server: RunningPostgres, megabytes: number): Promise<SampleDatabase> {
  await withClient(parseConnection(server.url), (client) => client.query('create database node_network'));
  const url = server.urlOf('node_network');
  return { server, url, bytes: await fillNodeNetwork(url, { megabytes }) };
}

/** The disaster: everything of the network, dropped. */
export async function dropEverything(url: string): Promise<void> {
  await withClient(parseConnection(url), (client) => client.query('drop schema network cascade'));
}
