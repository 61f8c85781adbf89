/** pg_restore at work: the dump flows out of the vault into it, and what it complains about is heard. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isTidemarkError } from '../../../core/errors.ts';
import type { Problem } from '../../../format/snapshot.ts';
import type { RestoreContext } from '../../port.ts';
import type { ArchiveEntry } from '../archive/contents.ts';
import { type Connection, databaseArgument } from '../connection.ts';
import { endingError, type ProgramCall, startProgram } from '../program.ts';
import type { PostgresTools } from '../tools.ts';
import { Complaints, isUnknownTimeout } from './complaints.ts';
import { pieces, type StoredDump } from './stored.ts';

export interface RestoreRequest {
  readonly tools: PostgresTools;
  readonly connection: Connection;
  readonly stored: StoredDump;
  /** What to restore, in this order; undefined for everything. */
  readonly entries: readonly ArchiveEntry[] | undefined;
  readonly tablespaces: boolean;
}

/** Returns what pg_restore could not do. Errors: `RestoreFailed` when it broke off, `DeadlineExceeded`, `VaultDamaged`. */
export async function runRestore(request: RestoreRequest, context: RestoreContext): Promise<Problem[]> {
  const { tools, connection, stored, entries, tablespaces } = request;
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-restore-'));
  const complaints = new Complaints();
  try {
    const list = join(folder, 'entries');
    if (entries !== undefined) await writeFile(list, entries.map((entry) => `${entry.id};\n`).join(''));
    const call: ProgramCall = {
      tools,
      name: 'pg_restore',
      connection,
      deadline: context.deadline,
      arguments: [
        // Verbose, as only then it says which entry an error belongs to.
        ...['--verbose', '--format=custom', '--no-password', `--dbname=${databaseArgument(connection.database)}`],
        ...(entries === undefined ? [] : [`--use-list=${list}`]),
        ...(tablespaces ? [] : ['--no-tablespaces']),
      ],
      onErrorLine: (line) => complaints.line(line),
    };
    const program = startProgram(call);
    program.stdout.resume();
    try {
      await pipeline(pieces(context.reader, stored.dump), program.stdin);
    } catch (error) {
      // pg_restore reads no further than it needs to, and closes the pipe; whether that was well is told by its ending.
      if (isTidemarkError(error)) {
        program.stop();
        await program.ended;
        throw error;
      }
    }
    const ending = await program.ended;
    const error = endingError(call, ending, 'RestoreFailed');
    // Exit code 1 with a count of errors means: went on to the end, and here is what did not work.
    if (error !== undefined && !(ending.code === 1 && complaints.cameToItsEnd)) throw error;
    for (const warning of complaints.warnings) context.log.warn('pg-restore-warned', { warning });
    return complaints.problems(isUnknownTimeout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
