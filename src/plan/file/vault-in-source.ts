/**
 * A vault inside a directory that it protects would take itself in, again and bigger at each backup; a source inside a vault
 * is a slip. The first is allowed where the source excludes the vault by its path.
 */

import { relative } from 'node:path';
import type { Plan, SourcePlan } from '../plan.ts';
import { liesIn } from './location.ts';
import type { Place } from './place.ts';

export function checkVaultsOutside(
  place: Place,
  sources: readonly (SourcePlan | undefined)[],
  vault: Plan['vault'],
): void {
  for (const [at, source] of sources.entries()) {
    if (source?.kind !== 'files') continue;
    for (const destination of [vault.primary, ...vault.replicas]) {
      if (!('directory' in destination)) continue;
      const { directory } = destination;
      const path = place.child(at).child('path');
      if (liesIn(source.path, directory)) path.wrong(`lies in the vault ${directory}`);
      else if (liesIn(directory, source.path) && !excludes(source.exclude, relative(source.path, directory))) {
        path.wrong(
          `holds the vault ${directory}, which would back itself up; move the vault or exclude it by its path`,
        );
      }
    }
  }
}

/** Some pattern is, letter by letter, the vault's path from the source's root, or a folder above it. */
function excludes(patterns: readonly string[], vault: string): boolean {
  return patterns.some((pattern) => {
    const path = pattern.replace(/^\.?\//, '').replace(/(\/\*{1,2})?\/?$/, '');
    return path !== '' && liesIn(`/${vault}`, `/${path}`);
  });
}
