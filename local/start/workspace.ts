/** The folder in which everything happens: made below the system's temporary folder, and gone at the end. */
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Workspace {
  readonly folder: string;
  readonly primary: string;
  readonly replica: string;
  readonly restored: string;
  readonly planFile: string;
  at(name: string): string;
  remove(): Promise<void>;
}

export function makeWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  // A database server that is lent another account has to get to its folder in here; nobody may look around.
  chmodSync(folder, 0o711);
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('restored'), { mode: 0o700 });
  return {
    folder,
    primary: at('vault-primary'),
    replica: at('vault-replica'),
    restored: at('restored'),
    planFile: at('backup-plan.yml'),
    at,
    // What still runs after an interruption may add a file while the folder is being emptied.
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}
