/** Every program that the bench knows, in the order of its tables. */
import { borg } from './borg.ts';
import { engine } from './engine.ts';
import { kopia } from './kopia.ts';
import { find, tar, unpack } from './limits.ts';
import type { Program } from './program.ts';
import { restic } from './restic.ts';
import { rsync } from './rsync.ts';
import { rustic } from './rustic.ts';
import { tidemark, tidemarkS3 } from './tidemark.ts';

interface Entry {
  /** Undefined when it is not installed. */
  make(version: string): Program | undefined;
  /** What has to be installed. */
  readonly needs?: string;
  readonly quick: boolean;
}

export const catalogue = {
  sealed: { make: (version: string) => tidemark(version, 'passphrase'), quick: true },
  tidemark: { make: (version: string) => tidemark(version, 'none'), quick: true },
  s3: { make: tidemarkS3, quick: true },
  restic: { make: restic, needs: 'apt-get install restic', quick: true },
  rustic: { make: rustic, needs: 'cargo install rustic-rs', quick: false },
  borg: { make: borg, needs: 'apt-get install borgbackup', quick: true },
  kopia: { make: kopia, needs: 'go install github.com/kopia/kopia', quick: false },
  rsync: { make: rsync, needs: 'apt-get install rsync', quick: false },
  tar: { make: tar, needs: 'apt-get install zstd', quick: true },
  find: { make: find, needs: 'apt-get install findutils', quick: true },
  unpack: { make: unpack, needs: 'apt-get install zstd', quick: true },
  engine: { make: engine, quick: false },
} as const satisfies Record<string, Entry>;

export type ProgramKey = keyof typeof catalogue;
export const programKeys = Object.keys(catalogue) as readonly ProgramKey[];

/** Tidemark's own forms must work, or there is no bench; a peer that fails is left out and named. */
export const isOurs = (name: string): boolean => name.startsWith('tidemark') || name === 'engine';

/** Of `keys`, what is installed; `missing` is told of what is not. */
export function installedPrograms(
  keys: readonly ProgramKey[],
  version: string,
  missing: (what: string) => void,
): Program[] {
  return keys.flatMap((key) => {
    const entry: Entry = catalogue[key];
    const program = entry.make(version);
    if (program === undefined) missing(`${key}, which is not installed (\`${entry.needs}\`)`);
    return program ?? [];
  });
}
