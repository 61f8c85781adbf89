/** Capturing: from the options of the plan to shards, from a shard to its result, from all results to the snapshot's content. */
import { fail } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import type { CaptureContext, CapturedContent, CaptureOutcome, Shard, Source } from '../../port.ts';
import { partsOf } from '../division/parts.ts';
import { boundsOfShard, type ShardSize, splitSource } from '../division/shards.ts';
import { native } from '../native.ts';
import { combineShards, type ShardResult } from './combine.ts';
import { compileExclude, type Exclude } from './exclude.ts';
import { isMountPoint, openRoot } from './root.ts';
import { Walk, type WalkState } from './walk.ts';

export interface CaptureOptions {
  readonly path: string;
  readonly exclude: Exclude | undefined;
  readonly allowEmpty: boolean;
  readonly shardSize?: ShardSize;
  readonly worthSharing?: number;
}

const withoutNative = 'extended attributes are not captured: the optional package koffi is not installed';

export async function split(options: CaptureOptions, context: CaptureContext): Promise<readonly Shard[]> {
  const root = openRoot(options.path);
  if (root.only !== undefined) return [{ shard: 0 }];
  try {
    return await splitSource(root.prefix, context.previous, options.shardSize);
  } catch (error) {
    context.log.warn('previous-listing-unreadable', { error: String(error) });
    return splitSource(root.prefix, undefined, options.shardSize);
  }
}

/** Errors: those of `split`. */
export async function parts(
  options: CaptureOptions,
  shard: Shard,
  context: CaptureContext,
  workers: number,
): Promise<readonly Shard[]> {
  const root = openRoot(options.path);
  if (root.only !== undefined) return [shard];
  try {
    return await partsOf(root.prefix, shard, context.previous, workers, options.worthSharing);
  } catch (error) {
    context.log.warn('previous-listing-unreadable', { error: String(error) });
    return partsOf(root.prefix, shard, undefined, workers, options.worthSharing);
  }
}

/** Only what a worker does: it loads no more than it needs. */
export function capturing(
  options: Omit<CaptureOptions, 'exclude'> & { readonly exclude: readonly string[] },
): Pick<Source, 'capture'> {
  const own = { ...options, exclude: compileExclude(options.exclude) };
  return { capture: (shard, state, context) => capture(own, shard, state, context) };
}

/** The parts of a shard lie in its result side by side. */
export function joined(results: readonly Json[]): Json {
  return { parts: results };
}

export async function capture(
  options: CaptureOptions,
  shard: Shard,
  state: Json | undefined,
  context: CaptureContext,
): Promise<CaptureOutcome> {
  const root = openRoot(options.path);
  const walkOptions = { root, exclude: options.exclude, ...boundsOfShard(shard), context };
  const walk = await Walk.start(walkOptions, state as unknown as WalkState | undefined);
  const end = await walk.run();
  const { files, bytes } = walk.tally.totals;
  const progress = { files, bytes };
  if (!('open' in end)) return { done: false, state: end as unknown as Json, progress };
  const limits = native === undefined ? [withoutNative] : [];
  const result: ShardResult = { root: end, tally: walk.tally.state(), limits };
  return { done: true, result: result as unknown as Json, progress };
}

export function combine(options: CaptureOptions, results: readonly Json[], context: CaptureContext): CapturedContent {
  const shards = results as unknown as readonly (ShardResult | { readonly parts: readonly ShardResult[] })[];
  const content = combineShards(
    shards.flatMap((shard) => ('parts' in shard ? shard.parts : [shard])),
    context.sink,
  );
  const { files, others } = content.totals;
  const before = context.previous?.totals.files ?? 0;
  // An empty source that had files before is kept as a suspicious snapshot; that is for the caller to see from the totals.
  if (files + others === 0 && before === 0 && !options.allowEmpty) {
    fail('SourceMissing', `${options.path} holds no files`, {
      hint: 'Look whether the disk is mounted; a source that may be empty says so in the plan with "allowEmpty: true".',
      context: { path: options.path },
    });
  }
  return {
    ...content,
    details: { ...content.details, ...(isMountPoint(openRoot(options.path)) && { mounted: true }) },
  };
}
