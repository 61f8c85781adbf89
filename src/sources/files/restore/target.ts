/** The directory that is restored to: whether it can be used, how it is made ready, and when it is done. */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, fail } from '../../../core/errors.ts';
import type { RestoreContext } from '../../port.ts';
import { native } from '../native.ts';
import { readMarker, writeMarker } from './marker.ts';

export interface Target {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  /** What is in the way is replaced: asked for, or left by our own earlier attempt. */
  readonly replacing: boolean;
  /** Whatever is in it was put there by this restore. */
  readonly ours: boolean;
  /** Others may move things about in it meanwhile, so every step goes through a descriptor. */
  readonly guarded: boolean;
}

/** Errors: `TargetNotEmpty`, `TargetUnusable`. Writes nothing. */
export function checkTarget(context: RestoreContext): void {
  const target = resolve(context.target);
  if (context.target === '') unusable(target, 'no target is named', 'Name the directory to restore to.');
  const there = nearest(target);
  try {
    accessSync(there.path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    unusable(
      target,
      `${there.path} cannot be written to (${errnoOf(cause)})`,
      'Choose another target, or another user.',
    );
  }
  if (there.path !== target || context.overwrite || readdirSync(target).length === 0) return;
  if (readMarker(realpathSync(target), context.root)?.finished === false) return;
  fail('TargetNotEmpty', `${target} is not empty`, {
    hint: 'Choose an empty directory, or ask for overwriting: then what the snapshot holds replaces what is there.',
    context: { target },
  });
}

/** The target itself or, where it is yet to be made, the directory that it will be made in. */
function nearest(target: string): { readonly path: string } {
  for (let path = target; ; path = dirname(path)) {
    try {
      if (statSync(path).isDirectory()) return { path };
      return unusable(target, `${path} is not a directory`, 'Choose another target.');
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      if (code !== 'ENOENT' || path === dirname(path)) {
        return unusable(target, `${path} cannot be used (${code})`, 'Choose another target.');
      }
    }
  }
}

/** Makes the directory and leaves the note beside it. */
export function prepareTarget(context: RestoreContext): Target {
  checkTarget(context);
  const asked = resolve(context.target);
  let created: boolean;
  try {
    created = mkdirSync(asked, { recursive: true }) !== undefined;
  } catch (cause) {
    return unusable(asked, `${asked} cannot be made (${errnoOf(cause)})`, 'Choose another target, or another user.');
  }
  const path = realpathSync(asked);
  const marker = readMarker(path, context.root);
  const again = marker !== undefined && !marker.finished;
  const ours = again || readdirSync(path).length === 0;
  if (ours && !again) mark(context, path, created, false);
  const stat = statSync(path);
  const open = stat.uid !== process.geteuid?.() || (stat.mode & 0o022) !== 0;
  const replacing = context.overwrite || again;
  return { path, replacing, ours, guarded: replacing || open };
}

/**
 * Makes sure that what was restored outlives a crash of the machine, and says in the note that it is all. Once at the end:
 * what a crash took away before is missed by the validation.
 */
export function finishTarget(context: RestoreContext, target: Target): void {
  try {
    const fd = openSync(target.path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      if (native !== undefined) native.syncFileSystem(fd);
      else fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    unusable(target.path, `${target.path} could not be written out to disk (${errnoOf(cause)})`, 'Look at the disk.');
  }
  const marker = readMarker(target.path, context.root);
  if (marker !== undefined) mark(context, target.path, marker.created, true);
}

function mark(context: RestoreContext, path: string, created: boolean, finished: boolean): void {
  try {
    writeMarker(path, context.root, { created, finished });
  } catch (error) {
    // Without it nothing is lost but the convenience: a rehearsal in there has to be cleared away by hand.
    context.log.warn('restore-note-not-written', { target: path, code: errnoOf(error) });
  }
}

function unusable(target: string, message: string, hint: string): never {
  return fail('TargetUnusable', message, { hint, context: { target } });
}
