/** The databases that restores make on a server: what they are called, and how they go away again. */
import { withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';
import { quotedName } from '../../src/sources/postgres/restore/sql.ts';

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
