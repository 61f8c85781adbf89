/**
 * Brings back the roles of a snapshot before the dump is restored, so that owners and rights find whom they name. A role
 * that exists is left as it is: its password and attributes are of today. Only roles that are missing are made.
 */
import type { Log } from '../../../core/log.ts';
import type { Problem } from '../../../format/snapshot.ts';
import type { Client } from '../client.ts';
import { leadingName, quotedName, statementsOf } from './sql.ts';

interface RoleScript {
  /** Every role with the attributes that it is to get: `SUPERUSER`, `PASSWORD '...'`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly memberships: readonly { readonly of: string; readonly member: string; readonly options: string }[];
  /** Settings and comments: statements that concern one role. */
  readonly others: readonly { readonly role: string; readonly statement: string }[];
}

/** Roles that a provider of managed databases keeps for itself; nobody else can have made them or would miss them. */
const providers = /^(?:rds(?:admin|_.*|proxyadmin|topmgr|repladmin)?|cloudsql.*|alloydb.*|azure_.*|azuresu)$/;

export interface RestoredRoles {
  readonly created: readonly string[];
  readonly problems: readonly Problem[];
}

/** `needed`: roles that the dump refers to; a provider's role among them is made too, without any power. */
export async function restoreRoles(
  client: Client,
  globals: string,
  needed: readonly string[],
  log: Log,
): Promise<RestoredRoles> {
  const script = readRoles(globals);
  const { rows } = await client.query<{ role: string }>('select rolname as role from pg_catalog.pg_roles');
  const there = new Set(rows.map((row) => row.role));
  const who = await client.query<{ superuser: boolean }>(
    'select rolsuper as superuser from pg_catalog.pg_roles where rolname = current_user',
  );
  const superuser = who.rows[0]?.superuser === true;
  const problems: Problem[] = [];
  const attempt = async (role: string, what: string, statement: string): Promise<boolean> => {
    try {
      await client.query(statement);
      return true;
    } catch (error) {
      problems.push({ path: `role ${role}`, what: `${what}: ${(error as Error).message}` });
      return false;
    }
  };

  const names = new Set([...script.attributes.keys(), ...needed.filter((role) => !role.startsWith('pg_'))]);
  const created: string[] = [];
  for (const role of names) {
    const provided = providers.test(role);
    if (there.has(role) || (provided && !needed.includes(role))) continue;
    const attributes = provided ? 'NOLOGIN' : attributesFor(script.attributes.get(role) ?? 'NOLOGIN', superuser);
    const refused = superuser || provided ? [] : powersIn(script.attributes.get(role) ?? '');
    if (refused.length > 0)
      problems.push({
        path: `role ${role}`,
        what: `was made without ${refused.join(', ')}, which only a superuser can give`,
      });
    if (await attempt(role, 'could not be made', `create role ${quotedName(role)} with ${attributes}`))
      created.push(role);
  }
  const fresh = new Set(created);
  for (const { of, member, options } of script.memberships) {
    if (!fresh.has(of) && !fresh.has(member)) continue;
    if (providers.test(of) && !there.has(of) && !fresh.has(of)) continue;
    // Who granted it is not kept: that role may lack the right to do so here.
    await attempt(
      member,
      `could not be made a member of ${of}`,
      `grant ${quotedName(of)} to ${quotedName(member)}${options}`,
    );
  }
  for (const { role, statement } of script.others) {
    if (fresh.has(role) && !providers.test(role)) await attempt(role, 'lacks a setting or comment', statement);
  }
  if (created.length > 0) log.info('roles-made', { roles: created });
  return { created, problems };
}

/** Takes `pg_dumpall --globals-only` apart. Tablespaces are not read: they need a folder on the server's disk. */
export function readRoles(globals: string): RoleScript {
  const attributes = new Map<string, string>();
  const memberships: { of: string; member: string; options: string }[] = [];
  const others: { role: string; statement: string }[] = [];
  for (const statement of statementsOf(globals)) {
    const [start] = /^(?:CREATE ROLE|ALTER ROLE|COMMENT ON ROLE|GRANT)(?= )/i.exec(statement) ?? [];
    const found = start === undefined ? undefined : leadingName(statement.slice(start.length));
    if (start === undefined || found === undefined) continue;
    const { name, rest } = found;
    const [withAttributes, text] = /^\s*WITH\s+([\s\S]*)$/i.exec(rest) ?? [];
    if (start.startsWith('CREATE')) attributes.set(name, '');
    else if (start === 'GRANT') {
      const member = /^\s*TO\s/i.test(rest) ? leadingName(rest.replace(/^\s*TO\s/i, '')) : undefined;
      const grantee = leadingName(/ ON PARAMETER [\s\S]* TO ([\s\S]*)$/i.exec(rest)?.[1] ?? '');
      if (member !== undefined)
        memberships.push({ of: name, member: member.name, options: member.rest.replace(/\s+GRANTED BY[\s\S]*$/i, '') });
      else if (grantee !== undefined) others.push({ role: grantee.name, statement });
    } else if (start.startsWith('ALTER') && withAttributes !== undefined) attributes.set(name, text!);
    else others.push({ role: name, statement });
  }
  return { attributes, memberships, others };
}

/** Only a superuser may even mention these, except that new roles lack them anyway. */
const powers = /(?<![\w'])(NO)?(SUPERUSER|REPLICATION|BYPASSRLS)(?![\w'])/g;

function attributesFor(attributes: string, superuser: boolean): string {
  if (superuser) return attributes || 'NOLOGIN';
  return beforePassword(attributes, (words) => words.replace(powers, '')) || 'NOLOGIN';
}

function powersIn(attributes: string): string[] {
  const found: string[] = [];
  beforePassword(attributes, (words) => {
    for (const [, no, power] of words.matchAll(powers)) if (no === undefined) found.push(power!);
    return words;
  });
  return found;
}

/** What stands in quotes (a password, a date) is not ours to look into. */
function beforePassword(attributes: string, change: (words: string) => string): string {
  return attributes.replace(/^[^']*/, change).trim();
}
