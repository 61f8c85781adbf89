/** rsync with hard links to the copy before: no compression, no encryption, no dedupe but whole files. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { measured } from '../process.ts';
import { installedVersion } from './installed.ts';
import type { MeasuredVault, Program } from './program.ts';

/** Undefined when rsync is not installed. */
export function rsync(): Program | undefined {
  const version = installedVersion('rsync', '--version');
  return version === undefined
    ? undefined
    : {
        name: 'rsync',
        version,
        note: '`--archive --sparse --link-dest`; verify: `--checksum` against the original',
        newVault,
      };
}

async function newVault(place: string, folder: string): Promise<MeasuredVault> {
  mkdirSync(place, { recursive: true });
  let copies = 0;
  const copy = (number: number): string => path.join(place, String(number));
  const run = (...args: readonly string[]) => measured({ program: 'rsync', args: ['--archive', '--sparse', ...args] });
  return {
    place,
    async backup() {
      const before = copies > 0 ? ['--link-dest', copy(copies)] : [];
      copies += 1;
      return (await run(...before, `${folder}/`, copy(copies))).cost;
    },
    restore: async (target) => (await run(`${copy(copies)}/`, target)).cost,
    async verify() {
      const { cost, stdout } = await run('--dry-run', '--checksum', '--itemize-changes', `${folder}/`, copy(copies));
      if (/^>f/m.test(stdout)) throw new Error(`rsync's copy differs:\n${stdout.slice(0, 1000)}`);
      return cost;
    },
  };
}
