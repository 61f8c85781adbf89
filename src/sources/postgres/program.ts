/**
 * Runs one of PostgreSQL's programs. How it ended is looked at in every way there is: exit code, signal, deadline, and
 * what it wrote to standard error, which is read line by line and never stops the program by filling a pipe.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Deadline } from '../../core/deadline.ts';
import { fail, TidemarkError } from '../../core/errors.ts';
import { type Connection, programEnvironment, withoutPassword } from './connection.ts';
import { type PostgresTools, type ToolName, toolPath } from './tools.ts';

export interface ProgramCall {
  readonly tools: PostgresTools;
  readonly name: ToolName;
  readonly arguments: readonly string[];
  /** Left out when the program only works on files. */
  readonly connection?: Connection;
  readonly deadline: Deadline;
  /** Every line of standard error, password removed. */
  readonly onErrorLine?: (line: string) => void;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** It was ended by us, as the deadline had passed. */
  readonly late: boolean;
  /** The last lines of standard error, password removed. */
  readonly lastWords: string;
}

export interface RunningProgram {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly ended: Promise<Ending>;
  stop(): void;
}

const keptLines = 12;
const killAfterMilliseconds = 5000;
/** The longest a timer can wait is a little under 25 days; a deadline beyond that presses nobody. */
const longest = 2_000_000_000;

export function startProgram(call: ProgramCall): RunningProgram {
  const { tools, name, connection, deadline } = call;
  const child = spawn(toolPath(tools, name), [...call.arguments], {
    env: connection === undefined ? { PATH: '/usr/bin:/bin', LC_ALL: 'C' } : programEnvironment(connection),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program that ends early closes its pipes; how it ended is told by `ended`, not by a failed write.
  child.stdin.on('error', () => {});
  const lines: string[] = [];
  const stderr = createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY });
  stderr.on('line', (raw) => {
    const line = connection === undefined ? raw : withoutPassword(raw, connection);
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    call.onErrorLine?.(line);
  });
  let late = false;
  const stop = (): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM'); // pg_dump and pg_restore then cancel what runs on the server
    AbortSignal.timeout(killAfterMilliseconds).addEventListener('abort', () => child.kill('SIGKILL'));
  };
  const remaining = deadline.remaining();
  if (remaining < longest) {
    AbortSignal.timeout(Math.max(1, Math.ceil(remaining))).addEventListener('abort', () => {
      if (child.exitCode === null && child.signalCode === null) late = true;
      stop();
    });
  }
  const ended = (async (): Promise<Ending> => {
    try {
      // 'close' comes after the process has ended and all its pipes are drained.
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      return { code, signal, late, lastWords: lines.join('\n') };
    } catch (cause) {
      return fail('ToolMissing', `${toolPath(tools, name)} cannot be started`, { cause });
    }
  })();
  ended.catch(() => {}); // whoever waits for it hears of it; a failure before that must not end the process
  return { pid: child.pid, stdin: child.stdin, stdout: child.stdout, ended, stop };
}

/** What a bad ending is called; undefined when the program ended well. */
export function endingError(
  call: ProgramCall,
  ending: Ending,
  name: 'DumpFailed' | 'RestoreFailed',
): TidemarkError | undefined {
  const { code, signal, late, lastWords } = ending;
  const context = { program: call.name, version: call.tools.version, code, signal, stderr: lastWords };
  if (late) {
    return new TidemarkError('DeadlineExceeded', `${call.name} was still at work when the invocation had to end`, {
      context,
      hint: 'Give the function more time or memory (a logical dump cannot be taken in parts), or protect this database with base backups.',
    });
  }
  if (code === 0) return undefined;
  const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
  const lines = lastWords.split('\n').filter((line) => line.trim() !== '');
  const last = lines.findLast((line) => /error|fatal/i.test(line)) ?? lines.at(-1);
  return new TidemarkError(name, `${call.name} ${how}${last === undefined ? '' : `: ${last}`}`, {
    context,
    hint: /LOCK TABLE/.test(lastWords)
      ? 'Another session keeps a table locked: look at pg_locks and pg_stat_activity, and try again when it is done.'
      : 'Read context.stderr, the last words of the program; the log of the database server may say more.',
  });
}

/** Runs to the end and returns standard output as text. For small outputs. */
export async function outputOf(call: ProgramCall, name: 'DumpFailed' | 'RestoreFailed'): Promise<Buffer> {
  const program = startProgram(call);
  program.stdin.end();
  const parts: Buffer[] = [];
  for await (const part of program.stdout) parts.push(part as Buffer);
  const error = endingError(call, await program.ended, name);
  if (error !== undefined) throw error;
  return Buffer.concat(parts);
}
