/** The kind `files`: a directory tree (or a single file), captured and restored with everything that a file system keeps. */
import type { Source } from '../port.ts';
import { capture, combine, joined, parts, split } from './capture/capture.ts';
import { compileExclude } from './capture/exclude.ts';
import { restoreCuts } from './division/parts.ts';
import type { ShardSize } from './division/shards.ts';
import { discard } from './restore/discard.ts';
import { restore } from './restore/restore.ts';
import { partsAt } from './restore/scope.ts';
import { checkSelection, selectionOf } from './restore/selection.ts';
import { checkTarget } from './restore/target.ts';
import { validate } from './restore/validate.ts';

export interface FilesOptions {
  readonly path: string;
  /** After gitignore: `*.tmp`, `cache/`, `/build`, `**` across directories. */
  readonly exclude: readonly string[];
  /** False: a source without any file that never had one is taken for a disk that is not mounted. */
  readonly allowEmpty: boolean;
  /** How much work makes a shard; for tests. */
  readonly shardSize?: ShardSize;
  /** How much work (bytes, or what costs as much) is shared among workers at the least; for tests. */
  readonly worthSharing?: number;
}

/** Errors: `PlanInvalid` for an exclude pattern that cannot be meant. */
export function filesSource(options: FilesOptions): Source {
  const own = { ...options, exclude: compileExclude(options.exclude) };
  const { path, exclude, allowEmpty } = options;
  return {
    kind: 'files',
    division: async () => ({
      spec: { kind: 'files', options: { path, exclude, allowEmpty } },
      parts: (shard, context, workers) => parts(own, shard, context, workers),
      join: joined,
    }),
    split: (context) => split(own, context),
    capture: (shard, state, context) => capture(own, shard, state, context),
    combine: async (results, context) => combine(own, results, context),
    checkTarget: async (context) => {
      await checkSelection(selectionOf(context.paths), context.root, context.reader);
      checkTarget(context);
    },
    restore,
    restoreParts: async (context, workers) => {
      // what lies below a few paths is little, and a directory that only leads there is not to be touched
      const { paths, reader, root } = context;
      const cuts = paths.length > 0 ? [] : await restoreCuts(root, reader, workers, options.worthSharing);
      return cuts.length === 0 ? [] : partsAt(cuts);
    },
    validate,
    discard: async (context) => discard(options.path, context),
  };
}
