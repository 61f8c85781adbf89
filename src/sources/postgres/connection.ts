/**
 * Where a database is and who we are there: a `postgres://` URL taken apart once, then handed to node-postgres as options
 * and to PostgreSQL's own programs as environment variables. The password never appears in arguments, messages or logs.
 */
import { userInfo } from 'node:os';
import { type ErrorName, fail } from '../../core/errors.ts';

export interface Connection {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** Files: root certificates, client certificate, its key. */
  readonly sslRootCert: string | undefined;
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
  readonly connectSeconds: number;
  readonly options: string | undefined;
}

const urlShape =
  /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[^\]]+\]|[^:/?@,\s]*)(?::(\d+))?(?:\/([^?/]*))?(?:\?(.*))?$/;
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const parameters = [
  ...['host', 'port', 'user', 'password', 'dbname', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'],
  ...['connect_timeout', 'options', 'application_name'],
];

export function isDatabaseUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text);
}

/** Errors: `errorName` when the text is no usable URL. The message never holds the URL, as that may hold a password. */
export function parseConnection(url: string, errorName: ErrorName = 'PlanInvalid'): Connection {
  const refuse = (what: string): never =>
    fail(errorName, `the database URL ${what}`, {
      hint: 'Write it as postgres://user:password@host:5432/database; characters such as @ : / ? % in a part are percent-encoded.',
    });
  const match = urlShape.exec(url) ?? refuse('cannot be read');
  const decode = (text: string | undefined): string | undefined => {
    if (text === undefined || text === '') return undefined;
    try {
      return decodeURIComponent(text);
    } catch {
      return refuse('has a % that starts no percent-encoded character');
    }
  };
  const query = new URLSearchParams(match[6] ?? '');
  for (const name of query.keys()) {
    if (!parameters.includes(name)) refuse(`has the parameter ${name}, which is not known (${parameters.join(', ')})`);
  }
  const sslMode =
    sslModes.find((mode) => mode === (query.get('sslmode') ?? 'prefer')) ?? refuse('has an unknown sslmode');
  const port = Number(match[4] ?? query.get('port') ?? 5432);
  if (!(port > 0 && port < 65536)) refuse('has a port that is none');
  const user = decode(match[1]) ?? query.get('user') ?? userInfo().username;
  return {
    host: decode(match[3])?.replace(/^\[|\]$/g, '') ?? query.get('host') ?? 'localhost',
    port,
    user,
    password: decode(match[2]) ?? query.get('password') ?? undefined,
    database: decode(match[5]) ?? query.get('dbname') ?? user,
    sslMode,
    sslRootCert: query.get('sslrootcert') ?? undefined,
    sslCert: query.get('sslcert') ?? undefined,
    sslKey: query.get('sslkey') ?? undefined,
    connectSeconds: Number(query.get('connect_timeout') ?? 10) || 10,
    options: query.get('options') ?? undefined,
  };
}

/** For people: `node_network at db.example.org:5432`. */
export function placeOf(connection: Connection): string {
  return `${connection.database} at ${serverOf(connection)}`;
}

/** `host:port`, the server without the database. */
export function serverOf({ host, port }: Connection): string {
  return host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * What PostgreSQL's programs get as their whole environment: nothing of ours leaks into them, messages are in English,
 * and times are written in UTC so that an unchanged row is the same bytes tomorrow.
 */
export function programEnvironment(connection: Connection): Record<string, string> {
  const variables: Record<string, string | undefined> = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGPASSWORD: connection.password,
    PGDATABASE: connection.database,
    PGSSLMODE: connection.host.startsWith('/') ? undefined : connection.sslMode,
    PGSSLROOTCERT: connection.sslRootCert,
    PGSSLCERT: connection.sslCert,
    PGSSLKEY: connection.sslKey,
    PGCONNECT_TIMEOUT: String(connection.connectSeconds),
    PGOPTIONS: connection.options,
    PGAPPNAME: 'tidemark',
    PGTZ: 'UTC',
  };
  const given = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}

/** The value for a `--dbname` argument: quoted, as a name with `=` in it would be read as a connection string. */
export function databaseArgument(database: string): string {
  return `dbname='${database.replace(/[\\']/g, '\\$&')}'`;
}

/** `text` without the password, in whatever form it may have got there. */
export function withoutPassword(text: string, connection: Connection): string {
  const { password } = connection;
  if (password === undefined || password.length < 3) return text;
  return text.replaceAll(password, '***').replaceAll(encodeURIComponent(password), '***');
}
