/**
 * Giving something to an owner takes being a member of that role, which only a superuser need not be; managed databases
 * have no superuser to offer. So memberships are taken for the time of the work, where we may, and given back.
 */
import type { Log } from '../../../core/log.ts';
import type { Client } from '../client.ts';
import { quotedName } from './sql.ts';

/** Does `work` as a member of as many of the roles as we can become one of. What then still fails is reported by the work. */
export async function asMember<Result>(
  client: Client,
  roles: readonly string[],
  log: Log,
  work: () => Promise<Result>,
): Promise<Result> {
  const taken: string[] = [];
  for (const role of await foreignRoles(client, roles)) {
    const may = await client.query(`grant ${quotedName(role)} to current_user`).then(
      () => true,
      () => false,
    );
    if (may) taken.push(role);
  }
  try {
    return await work();
  } finally {
    for (const role of taken) {
      await client.query(`revoke ${quotedName(role)} from current_user`).catch((error) => {
        log.warn('membership-not-given-back', { role, reason: error.message });
      });
    }
  }
}

/** Those that exist and that we may not act as. None for a superuser, who may act as anybody. */
async function foreignRoles(client: Client, roles: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ role: string }>(
    `select r.rolname as role from pg_catalog.pg_roles r
     where r.rolname = any($1) and not pg_catalog.pg_has_role(
       r.oid, case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)`,
    [roles],
  );
  return rows.map((row) => row.role);
}
