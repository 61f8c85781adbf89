/**
 * Makes, names and drops databases. A restore fills a database under a name of its own, which gets the name asked for only
 * when it is complete; what had that name before keeps its content under another. A mark, a setting of our own role in that
 * database, says which snapshot filled it, so that nothing is ever dropped that a restore has not made.
 */
import { fail } from '../../../core/errors.ts';
import { compactTime, shortHash } from '../../../core/ids.ts';
import type { Log } from '../../../core/log.ts';
import type { Problem } from '../../../format/snapshot.ts';
import type { RestoreContext } from '../../port.ts';
import { type Client, withClient } from '../client.ts';
import { type Connection, placeOf } from '../connection.ts';
import { type DatabaseFacts, markSetting } from '../manifest.ts';
import { asMember } from './borrowed.ts';
import { quotedName, quotedText, settingClause } from './sql.ts';
import type { DatabaseTarget } from './target.ts';

/** A name for our own sessions there, which give themselves another: anybody may set this, and it changes nothing. */
function markOf(root: string): string {
  return `${markSetting}${root}`;
}

/** The name under which a database is filled. */
export function workName(connection: Connection, root: string): string {
  return `tidemark_restoring_${shortHash(root, connection.database)}`;
}

export async function createWork(
  target: DatabaseTarget,
  facts: DatabaseFacts,
  { root, log }: Pick<RestoreContext, 'root' | 'log'>,
): Promise<Connection> {
  const name = workName(target.connection, root);
  await withClient(target.manage, async (client) => {
    await dropMarked(client, name, root, log);
    await create(client, name, facts);
    await client.query(`alter role current_user in database ${quotedName(name)} set ${settingClause(markOf(root))}`);
  });
  return { ...target.connection, database: name };
}

async function create(client: Client, name: string, facts: DatabaseFacts): Promise<void> {
  const { rows } = await client.query<{ number: string }>(`select current_setting('server_version_num') as number`);
  const providers = Number(rows[0]?.number) >= 150_000;
  const locale =
    facts.locale === undefined
      ? ''
      : ` ${facts.localeProvider === 'icu' ? 'icu_locale' : 'builtin_locale'} ${quotedText(facts.locale)}`;
  try {
    await client.query(
      `create database ${quotedName(name)} template template0 encoding ${quotedText(facts.encoding)}
       lc_collate ${quotedText(facts.collate)} lc_ctype ${quotedText(facts.characterType)}
       ${providers ? `locale_provider ${facts.localeProvider}${locale}` : ''}`,
    );
  } catch (cause) {
    fail('TargetUnusable', `a database like ${facts.name} cannot be made: ${(cause as Error).message}`, {
      hint: `The encoding is ${facts.encoding}, the locale ${facts.collate}. Install that locale, or make an empty database with the one you want and name it as target.`,
      cause,
    });
  }
}

/** Gives the filled database its name. Returns the name under which the one before is kept, if there was one. */
export async function giveName(
  target: DatabaseTarget,
  work: string,
  context: RestoreContext,
): Promise<string | undefined> {
  const { database } = target.connection;
  return withClient(target.manage, async (client) => {
    if (target.mode !== 'replace') {
      await client.query(`alter database ${quotedName(work)} rename to ${quotedName(database)}`);
      return undefined;
    }
    const stamp = compactTime(context.clock.now()).toLowerCase();
    const long = Buffer.byteLength(database) > 40;
    const kept = `${long ? `tidemark_${shortHash(database)}` : database}_before_${stamp}`;
    // Nobody may come back in between the end of the sessions and the renaming.
    await client.query(`alter database ${quotedName(database)} with allow_connections false`);
    try {
      await client.query(
        'select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = $1',
        [database],
      );
      await client.query('begin');
      await client.query(`alter database ${quotedName(database)} rename to ${quotedName(kept)}`);
      await client.query(`alter database ${quotedName(work)} rename to ${quotedName(database)}`);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      await client.query(`alter database ${quotedName(database)} with allow_connections true`);
      throw error;
    }
    await client.query(`alter database ${quotedName(kept)} with allow_connections true`);
    context.log.warn('database-moved-aside', { database, kept });
    return kept;
  });
}

/** Puts back what belongs to the database itself and is in no dump that goes under another name: settings, rights, comment. */
export async function settle(
  client: Client,
  database: string,
  facts: DatabaseFacts,
  owner: boolean,
): Promise<Problem[]> {
  const name = quotedName(database);
  const problems: Problem[] = [];
  const attempt = async (what: string, statement: string): Promise<void> => {
    await client
      .query(statement)
      .catch((error) => problems.push({ path: `database ${database}`, what: `${what}: ${error.message}` }));
  };
  const grants = facts.rights.map(({ grantee, right, grantable }) => {
    const who = grantee === undefined ? 'public' : quotedName(grantee);
    return `grant ${right} on database ${name} to ${who}${grantable ? ' with grant option' : ''}`;
  });
  for (const statement of [`revoke all on database ${name} from public`, ...grants])
    await attempt('lacks its rights', statement);
  for (const { role, setting } of facts.settings) {
    const clause = settingClause(setting);
    const whom = role === undefined ? `alter database ${name}` : `alter role ${quotedName(role)} in database ${name}`;
    if (clause !== undefined) await attempt(`lacks the setting ${setting}`, `${whom} set ${clause}`);
  }
  if (facts.comment !== undefined)
    await attempt('lacks its comment', `comment on database ${name} is ${quotedText(facts.comment)}`);
  if (facts.connectionLimit >= 0)
    await attempt('lacks its limit', `alter database ${name} connection limit ${facts.connectionLimit}`);
  if (owner)
    await attempt(`does not belong to ${facts.owner}`, `alter database ${name} owner to ${quotedName(facts.owner)}`);
  return problems;
}

/** Drops a database that this snapshot's restore has made. True when there was one. Errors: `TargetUnusable` for any other. */
export async function dropMarked(client: Client, name: string, root: string, log: Log): Promise<boolean> {
  const { rows } = await client.query<{ marks: string[] | null; owner: string }>(
    `select s.setconfig as marks, pg_catalog.pg_get_userbyid(d.datdba) as owner from pg_catalog.pg_database d
     left join pg_catalog.pg_db_role_setting s on s.setdatabase = d.oid where d.datname = $1`,
    [name],
  );
  if (rows.length === 0) return false;
  if (!rows.some(({ marks }) => marks?.includes(markOf(root)))) {
    fail('TargetUnusable', `the database ${name} was not made by a restore of this snapshot, and is left alone`, {
      hint: 'Drop it by hand if it is not needed.',
      context: { database: name },
    });
  }
  const owners = rows.map((row) => row.owner);
  await asMember(client, owners, log, () => client.query(`drop database ${quotedName(name)} with (force)`));
  return true;
}

/** Removes what a rehearsal made; never the database that is protected. Errors: `TargetUnusable`. */
export async function discardDatabase(
  target: Connection,
  manage: Connection,
  { root, log }: Pick<RestoreContext, 'root' | 'log'>,
  source: Connection | undefined,
): Promise<void> {
  if (
    source !== undefined &&
    source.host === target.host &&
    source.port === target.port &&
    source.database === target.database
  ) {
    fail('TargetUnusable', `${placeOf(target)} is what is protected; it is not discarded`);
  }
  await withClient(manage, async (client) => {
    await dropMarked(client, workName(target, root), root, log);
    await dropMarked(client, target.database, root, log);
  });
}
