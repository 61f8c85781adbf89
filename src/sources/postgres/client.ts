/** A session with a PostgreSQL server through node-postgres, and what its failures mean in the words of the error table. */
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { errnoOf, fail, TidemarkError } from '../../core/errors.ts';
import { type Connection, placeOf, serverOf } from './connection.ts';

export type Client = pg.Client;

/**
 * `replication`: as a sender of write-ahead log that knows SQL too. Errors: `DatabaseUnreachable`, `DatabaseRefused`,
 * `SourceMissing` (no such database).
 */
export async function connect(connection: Connection, { replication = false } = {}): Promise<Client> {
  const encrypted = connection.sslMode !== 'disable' && !connection.host.startsWith('/');
  const ssl = encrypted ? await encryption(connection) : undefined;
  try {
    return await open(connection, ssl, replication);
  } catch (error) {
    const optional = connection.sslMode === 'prefer' || connection.sslMode === 'allow';
    if (ssl === undefined || !optional || !/does not support SSL/.test(String(error))) {
      throw await connectError(error, connection, ssl);
    }
  }
  return open(connection, undefined, replication).catch(async (error) => {
    throw await connectError(error, connection, undefined);
  });
}

/** Connects, does `work` and always closes; a lost connection during the work is a `DatabaseUnreachable`. */
export async function withClient<Result>(
  connection: Connection,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(connection);
  try {
    return await work(client);
  } catch (error) {
    throw workError(error, connection);
  } finally {
    await client.end().catch(() => {});
  }
}

async function open(connection: Connection, ssl: ConnectionOptions | undefined, replication = false): Promise<Client> {
  const client = new pg.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    database: connection.database,
    ssl: ssl ?? false,
    connectionTimeoutMillis: connection.connectSeconds * 1000,
    application_name: 'tidemark',
    keepAlive: true,
    ...(connection.password === undefined ? {} : { password: connection.password }),
    ...(connection.options === undefined ? {} : { options: connection.options }),
    // with the name of a database, and not `true`: then pg_hba.conf needs no line of its own, and SQL is understood too
    ...(replication && { replication: 'database' }),
  });
  // A connection lost between two queries is an event; the next query fails and tells. Unheard, it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    // Not `end`: on a connection that never was, it may wait for ever.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    throw error;
  }
}

/** As libpq does it: `require` encrypts and believes anyone, unless root certificates are given. */
async function encryption(connection: Connection): Promise<ConnectionOptions> {
  const { sslMode, sslRootCert, sslCert, sslKey } = connection;
  const verified = sslMode.startsWith('verify') || (sslMode === 'require' && sslRootCert !== undefined);
  const read = (file: string): Promise<Buffer> =>
    readFile(file).catch((cause) =>
      fail('DatabaseRefused', `${file}, a file for the encrypted connection, cannot be read`, { cause }),
    );
  return {
    rejectUnauthorized: verified,
    ...(verified && sslRootCert !== undefined && sslRootCert !== 'system' ? { ca: await read(sslRootCert) } : {}),
    ...(verified && sslMode !== 'verify-full' ? { checkServerIdentity: () => undefined } : {}),
    ...(sslCert !== undefined ? { cert: await read(sslCert) } : {}),
    ...(sslKey !== undefined ? { key: await read(sslKey) } : {}),
  };
}

const unreachable = /^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|EPIPE|ENOENT|EACCES|57P0[1-3]|53300|08)/;
const certificate = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|EPROTO/;

async function connectError(
  error: unknown,
  connection: Connection,
  ssl: ConnectionOptions | undefined,
): Promise<unknown> {
  if (error instanceof TidemarkError) return error;
  const code = errnoOf(error) ?? '';
  const message = reason(error);
  const details = {
    context: { server: serverOf(connection), database: connection.database, user: connection.user },
    cause: error,
  };
  if (code === '3D000') {
    return new TidemarkError(
      'SourceMissing',
      `there is no database ${connection.database} at ${serverOf(connection)}`,
      {
        ...details,
        hint: await databasesThere(connection, ssl),
      },
    );
  }
  if (code === '28P01' || /password must be a string|no password/i.test(message)) {
    return new TidemarkError(
      'DatabaseRefused',
      `${serverOf(connection)} does not accept the password of ${connection.user}`,
      {
        ...details,
        hint: 'Check user and password of the connection, and the secret if they come from one.',
      },
    );
  }
  if (code.startsWith('28') || code === '42501') {
    return new TidemarkError('DatabaseRefused', `${serverOf(connection)} refused ${connection.user}: ${message}`, {
      ...details,
      hint: 'Look at pg_hba.conf on the server, and at the right CONNECT of this user on the database.',
    });
  }
  if (certificate.test(code) || /does not support SSL/.test(message)) {
    return new TidemarkError('DatabaseRefused', `no encrypted connection to ${serverOf(connection)}: ${message}`, {
      ...details,
      hint: 'Set sslmode, and sslrootcert to the file of the authority that signed the certificate of the server.',
    });
  }
  if (code === '' && !/timeout|terminated|closed/i.test(message)) {
    return new TidemarkError('DatabaseRefused', `cannot log in to ${placeOf(connection)}: ${message}`, details);
  }
  return new TidemarkError('DatabaseUnreachable', `no PostgreSQL answers at ${serverOf(connection)}: ${message}`, {
    ...details,
    hint: 'Check host and port, that the server runs, and that the network (security group, firewall) lets us through.',
  });
}

function workError(error: unknown, connection: Connection): unknown {
  if (error instanceof TidemarkError) return error;
  const [code, message] = [errnoOf(error) ?? '', reason(error)];
  if (code === '42501') {
    return new TidemarkError(
      'DatabaseRefused',
      `${connection.user} lacks a right in ${placeOf(connection)}: ${message}`,
      {
        cause: error,
        hint: `Give it: GRANT pg_read_all_data TO ${connection.user};`,
      },
    );
  }
  if (unreachable.test(code) || /terminated|not queryable|timeout expired/i.test(message)) {
    return new TidemarkError('DatabaseUnreachable', `the connection to ${placeOf(connection)} was lost: ${message}`, {
      cause: error,
      hint: 'Look at the log of the server; it was stopped, or ended this session.',
    });
  }
  return error;
}

function reason(error: unknown): string {
  const { message } = error as Error;
  return message || (errnoOf(error) ?? 'no reason given');
}

async function databasesThere(connection: Connection, ssl: ConnectionOptions | undefined): Promise<string> {
  const names: string[] = [];
  for (const database of ['postgres', 'template1']) {
    if (database === connection.database) continue;
    try {
      const client = await open({ ...connection, database }, ssl);
      const { rows } = await client.query<{ datname: string }>(
        'select datname from pg_database where not datistemplate order by datname',
      );
      names.push(...rows.map((row) => row.datname));
      await client.end();
      break;
    } catch {
      // A hint is all this is for.
    }
  }
  return names.length === 0 ? 'Check the name of the database.' : `Databases there: ${names.slice(0, 20).join(', ')}.`;
}
