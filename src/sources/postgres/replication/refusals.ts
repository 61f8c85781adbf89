/** What it means when a server will not replicate to us, and exactly what has to be done there. */
import { errnoOf, isTidemarkError, TidemarkError } from '../../../core/errors.ts';
import { type Connection, serverOf } from '../connection.ts';
import { ServerError } from './messages.ts';

/** An error of logging in, as `client.ts` raised it, in the words of replication where they are more to the point. */
export function loginError(error: unknown, connection: Connection): unknown {
  if (!isTidemarkError(error)) return error;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  const [code, message] = [errnoOf(cause) ?? '', cause?.message ?? ''];
  const { user } = connection;
  const server = serverOf(connection);
  const refused = (what: string, hint: string): TidemarkError =>
    new TidemarkError('DatabaseRefused', `${server} does not replicate to ${user}: ${what}`, {
      hint,
      context: { ...error.context },
      cause,
    });
  if (code === '42501' || /replication role|WAL sender/i.test(message)) {
    return refused(
      'the role has no right to replicate',
      `As superuser on the server: ALTER ROLE ${quoted(user)} REPLICATION;`,
    );
  }
  if (code === '28000' && /pg_hba/.test(message)) {
    const encryption = /no encryption|SSL off/.test(message) ? 'host' : 'hostssl';
    const address = /host "([^"]+)"/.exec(message)?.[1];
    return refused(
      `pg_hba.conf lets it not in (${message})`,
      `Add to pg_hba.conf: ${encryption} ${quoted(connection.database)} ${quoted(user)} ${address === undefined ? '<our address>/32' : `${address}/${address.includes(':') ? 128 : 32}`} scram-sha-256; then SELECT pg_reload_conf();`,
    );
  }
  if (code === '53300' && /max_wal_senders/.test(message)) {
    return refused(
      `all of its WAL senders are taken (${message})`,
      'Set max_wal_senders higher in postgresql.conf (10 is the default; a backup takes one, following the log another) and restart the server, or end what takes them: SELECT * FROM pg_stat_replication;',
    );
  }
  if (code === '08P01' && /replication/.test(message)) {
    return refused(
      'what answers is a connection pooler that does not pass replication on',
      'Name host and port of the server itself in the connection.',
    );
  }
  return error;
}

/** An error of a command on a connection that was good. */
export function commandError(error: unknown, connection: Connection, command: string): unknown {
  if (error instanceof TidemarkError) return error;
  const server = serverOf(connection);
  if (!(error instanceof ServerError)) {
    const { message } = error as Error;
    return new TidemarkError('DatabaseUnreachable', `the connection to ${server} was lost: ${message}`, {
      hint: 'Look at the log of the server; it was stopped, or ended this session. The next run begins again.',
      cause: error,
    });
  }
  const { code, message, detail, hint } = error.complaint;
  const details = {
    context: { server, command: command.split(' ')[0], code, ...(detail !== undefined && { detail }) },
    cause: error,
  };
  if (/^57P0[1-5]/.test(code) || code.startsWith('08')) {
    return new TidemarkError('DatabaseUnreachable', `${server} ended the session: ${message}`, {
      ...details,
      hint: 'Look at the log of the server; it was stopped, or ended this session. The next run begins again.',
    });
  }
  if (/^WAL level not sufficient|wal_level/.test(message)) {
    return new TidemarkError('DatabaseRefused', `${server} writes too little into its log for a backup: ${message}`, {
      ...details,
      hint: 'Set wal_level = replica in postgresql.conf (the default) and restart the server.',
    });
  }
  if (/summariz|summaries/i.test(`${message} ${detail ?? ''} ${hint ?? ''}`)) {
    return new TidemarkError('DatabaseRefused', `${server} has no summary of what changed: ${message}`, {
      ...details,
      hint: `Set summarize_wal = on: ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();`,
    });
  }
  if (code === '42501' && /file|directory/.test(message)) {
    return new TidemarkError('DumpFailed', `${server} cannot read a file of its own: ${message}`, {
      ...details,
      hint: 'Give what lies in the data directory to the user that the server runs as, or move it out of there.',
    });
  }
  if (code === '42501') {
    return new TidemarkError('DatabaseRefused', `${connection.user} lacks a right at ${server}: ${message}`, {
      ...details,
      hint: `As superuser on the server: ALTER ROLE ${quoted(connection.user)} REPLICATION;${detail === undefined ? '' : ` ${detail}`}`,
    });
  }
  return new TidemarkError('DumpFailed', `${server} gave up: ${message}${detail === undefined ? '' : `. ${detail}`}`, {
    ...details,
    hint: hint ?? 'Look at the log of the server, which says more.',
  });
}

/** A name as SQL and pg_hba.conf both take it. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
