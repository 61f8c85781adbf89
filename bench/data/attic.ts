/**
 * Where trees go that a round needs no more: their bytes are given back, their names stay until the bench ends. On an ext4
 * without a journal, which many machines in the cloud have, files that were deleted in the last minutes make every new file
 * slow (it looks past their inodes): a restore took up to fifteen times as long, and more for each program that came later.
 */
import { mkdirSync, readdirSync, renameSync, truncateSync } from 'node:fs';
import path from 'node:path';

export class Attic {
  readonly #folder: string;
  #trees = 0;

  /** A folder on the same file system. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  put(tree: string): void {
    this.#trees += 1;
    const place = path.join(this.#folder, String(this.#trees));
    renameSync(tree, place);
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) truncateSync(path.join(entry.parentPath, entry.name));
    }
  }
}
