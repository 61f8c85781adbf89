/** Whom a server runs as. PostgreSQL refuses to run as root, so root lends it an account that may do little. */
import { readFile } from 'node:fs/promises';
import { fail } from '../../src/core/errors.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Undefined when we are not root: then the server simply runs as we do. Errors: `ToolMissing`. */
export async function unprivilegedAccount(passwd = '/etc/passwd'): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile(passwd, 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [name, , uid, gid] = lines.find((fields) => fields[0] === wanted) ?? [];
    if (name !== undefined && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return fail(
    'ToolMissing',
    'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it as',
    {
      hint: 'Start this as another user than root.',
    },
  );
}
