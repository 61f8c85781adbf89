/**
 * What pg_restore says went wrong, error by error. It goes on after an error and ends with exit code 1 either way, so the
 * code alone does not tell a harmless line from a lost table: each error is read, and none is dropped.
 */
import type { Problem } from '../../../format/snapshot.ts';

export interface Complaint {
  /** `TABLE nodes node_network_owner`, from the table of contents. */
  readonly entry: string | undefined;
  readonly message: string;
  /** The first line of the statement that failed. */
  readonly command: string | undefined;
}

const kept = 1000;

export class Complaints {
  readonly #complaints: { entry: string | undefined; message: string; command: string | undefined }[] = [];
  readonly warnings: string[] = [];
  #entry: string | undefined;
  #errors = 0;
  /** How many errors pg_restore counted, once it has come to its end. */
  #announced: number | undefined;

  line(line: string): void {
    const [, entry] = /^pg_restore: from TOC entry \d+; \d+ \d+ (.*)$/.exec(line) ?? [];
    const [, error] = /^pg_restore: error: (.*)$/.exec(line) ?? [];
    const [, warning] = /^pg_restore: warning: (.*)$/.exec(line) ?? [];
    const [, command] = /^Command was: (.*)$/.exec(line) ?? [];
    if (entry !== undefined) this.#entry = entry;
    else if (error !== undefined) this.#error(error);
    else if (warning !== undefined) this.#warning(warning);
    else if (command !== undefined) this.#describe(command);
  }

  /** True when pg_restore came to its end and counted what went wrong; else it broke off, whatever the exit code. */
  get cameToItsEnd(): boolean {
    return this.#announced !== undefined;
  }

  /** Everything that is not known to be harmless. */
  problems(isHarmless: (complaint: Complaint) => boolean): Problem[] {
    const problems = this.#complaints
      .filter((complaint) => !isHarmless(complaint))
      .map(({ entry, message, command }) => ({
        path: entry ?? 'database',
        what: command === undefined ? message : `${message} (${command.slice(0, 200)})`,
      }));
    const unseen = Math.max(this.#announced ?? 0, this.#errors) - this.#complaints.length;
    if (unseen > 0) problems.push({ path: 'database', what: `pg_restore met ${unseen} more errors` });
    return problems;
  }

  #error(message: string): void {
    this.#errors += 1;
    if (this.#complaints.length >= kept) return;
    this.#complaints.push({
      entry: this.#entry,
      message: message.replace(/^could not execute query: /, '').replace(/^ERROR: +/, ''),
      command: undefined,
    });
  }

  #warning(warning: string): void {
    const [, count] = /^errors ignored on restore: (\d+)$/.exec(warning) ?? [];
    if (count !== undefined) this.#announced = Number(count);
    else if (this.warnings.length < kept) this.warnings.push(warning);
  }

  #describe(command: string): void {
    const last = this.#complaints.at(-1);
    if (last !== undefined && this.#errors === this.#complaints.length) last.command ??= command;
  }
}

/** Newer programs set timeouts that older servers do not know yet; on those they have no meaning. */
export function isUnknownTimeout({ command, message }: Complaint): boolean {
  const [, name] = /^SET (\w+_timeout) = 0;$/.exec(command ?? '') ?? [];
  return name !== undefined && message.includes(`"${name}"`);
}
