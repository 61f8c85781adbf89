/** Names that say nothing: a file or folder called like this has no subject of its own. */
import type { ProjectFile } from './tree.ts';

const empty = /^(utils?|helpers?|common|types?|misc|miscellaneous|shared|stuff|lib)$/i;

export function wordViolations(files: readonly Pick<ProjectFile, 'path'>[]): string[] {
  return files.flatMap(({ path }) =>
    path
      .split('/')
      .map((part) => part.split('.')[0] || part)
      .filter((part) => empty.test(part))
      .map((part) => `${path}: "${part}" says nothing; name it after what it is about`),
  );
}
