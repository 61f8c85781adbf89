/** Asks programs of the machine who they are; what is not installed is left out of a bench and named. */
import { spawnSync } from 'node:child_process';

/** The first number of what it answers; undefined when it is not installed. */
export function installedVersion(program: string, ask: string): string | undefined {
  const found = spawnSync(program, [ask], { encoding: 'utf8' });
  if (found.status !== 0) return undefined;
  return /v?(\d+\.\d+[\w.]*)/.exec(found.stdout + found.stderr)?.[1] ?? 'unknown';
}
