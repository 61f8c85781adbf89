/** The two programs at work: pg_dump into the vault, looked at from end to end on the way; pg_dumpall for the roles. */
import { fail } from '../../../core/errors.ts';
import type { Content } from '../../../format/tree.ts';
import type { CaptureContext } from '../../port.ts';
import type { ArchiveContents } from '../archive/contents.ts';
import { RowCounter, tableOf } from '../archive/rows.ts';
import { ArchiveWalker, nameOfEntry } from '../archive/walker.ts';
import { type Connection, databaseArgument } from '../connection.ts';
import { endingError, outputOf, type ProgramCall, startProgram } from '../program.ts';
import type { PostgresTools } from '../tools.ts';

export interface Dumped {
  readonly content: Content;
  readonly contents: ArchiveContents;
  /** By `schema.table`. */
  readonly rows: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

export interface DumpRequest {
  readonly connection: Connection;
  readonly tools: PostgresTools;
  /** The exported snapshot. */
  readonly snapshot: string;
  /** How long pg_dump waits for a table that somebody has locked. */
  readonly lockMilliseconds: number;
}

const keptWarnings = 20;

/** Started at once; `stop` ends it early. Errors of `done`: `DumpFailed`, `DeadlineExceeded`, `ToolMissing`. */
export function startDump(request: DumpRequest, context: CaptureContext): { done: Promise<Dumped>; stop(): void } {
  const warnings: string[] = [];
  const call: ProgramCall = {
    tools: request.tools,
    name: 'pg_dump',
    connection: request.connection,
    deadline: context.deadline,
    arguments: [
      // Not compressed: the vault compresses, and finds what has not changed only in bytes as they are.
      ...['--format=custom', '--compress=0', '--no-password', `--snapshot=${request.snapshot}`],
      `--lock-wait-timeout=${request.lockMilliseconds}`,
    ],
    onErrorLine: (line) => {
      if (line.trim() !== '' && warnings.length < keptWarnings) warnings.push(line);
    },
  };
  const program = startProgram(call);
  program.stdin.end();

  const done = (async (): Promise<Dumped> => {
    const rows = new Map<string, number>();
    const walker = countingWalker(rows);
    const stream = context.sink.stream();
    try {
      for await (const part of program.stdout) {
        const bytes = part as Buffer;
        walker.write(bytes);
        stream.write(bytes);
        const pressure = context.sink.drain();
        if (pressure !== undefined) await pressure;
      }
    } catch (error) {
      program.stop();
      await program.ended;
      throw error;
    }
    // The exit code first: it knows why a dump is not whole.
    const error = endingError(call, await program.ended, 'DumpFailed');
    if (error !== undefined) throw error;
    walker.end();
    return { content: stream.end(), contents: walker.contents!, rows, warnings };
  })();
  return { done, stop: program.stop };
}

function countingWalker(rows: Map<string, number>): ArchiveWalker {
  let counter = new RowCounter();
  return new ArchiveWalker(
    {
      data(entry, bytes) {
        if (entry.copy !== undefined) counter.write(bytes);
      },
      dataEnd(entry) {
        if (entry.copy === undefined) return; // large objects and the like have no rows
        const counted = counter.rows() ?? fail('DumpFailed', `the dump is not whole: ${nameOfEntry(entry)} has no end`);
        rows.set(tableOf(entry), counted);
        counter = new RowCounter();
      },
    },
    'DumpFailed',
  );
}

/** Roles, their memberships and settings, tablespaces. Errors: `DumpFailed`, `DeadlineExceeded`. */
export async function dumpGlobals(
  { connection, tools }: Pick<DumpRequest, 'connection' | 'tools'>,
  rolePasswords: boolean,
  context: CaptureContext,
): Promise<Buffer> {
  const call: ProgramCall = {
    tools,
    name: 'pg_dumpall',
    connection,
    deadline: context.deadline,
    arguments: [
      ...['--globals-only', '--no-password', `--database=${databaseArgument(connection.database)}`],
      // Reading the passwords' hashes takes a superuser; managed databases have none to give.
      ...(rolePasswords ? [] : ['--no-role-passwords']),
    ],
  };
  const text = await outputOf(call, 'DumpFailed');
  if (!text.includes('-- PostgreSQL database cluster dump complete')) {
    fail('DumpFailed', `pg_dumpall ended well, and its ${text.length} bytes lack their last line`);
  }
  return text;
}
