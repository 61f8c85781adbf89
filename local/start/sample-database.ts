/** A PostgreSQL server of our own with the node network in it. It ends with us, however we end. */
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';
import { quotedName } from '../../src/sources/postgres/restore/sql.ts';
import { findPostgres } from '../postgres/find.ts';
import { fillNodeNetwork } from '../postgres/node-network.ts';
import { type RunningPostgres, startPostgres } from '../postgres/server.ts';

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

/** Rows in all tables, as a person would count them. */
export async function countRows(url: string): Promise<number> {
  return withClient(parseConnection(url), async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname !~ '^(pg_|information_schema)'`,
    );
    let sum = 0;
    for (const { name } of rows) {
      const counted = await client.query<{ count: string }>(`select count(*) as count from only ${name}`);
      sum += Number(counted.rows[0]?.count);
    }
    return sum;
  });
}

/** Drops a database that a restore has made here, by the name that this program gave it. */
export async function dropRestored(url: string, database: string): Promise<void> {
  await withClient(parseConnection(url), (client) => client.query(`drop database if exists ${quotedName(database)}`));
}

/** The same server and login, another database. The URL may be one that `URL` does not take: without a host, say. */
export function beside(url: string, database: string): string {
  const [, server = '', parameters = ''] = /^(\w+:\/\/[^/?]*)(?:\/[^?]*)?(?:\?(.*))?$/.exec(url) ?? [];
  const others = parameters.split('&').filter((parameter) => parameter !== '' && !/^dbname=/i.test(parameter));
  return `${server}/${encodeURIComponent(database)}${others.length > 0 ? `?${others.join('&')}` : ''}`;
}
