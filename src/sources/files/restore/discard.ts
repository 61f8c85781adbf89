/**
 * Removes what a rehearsal restored, and nothing else. The note that the restore left beside the target must be about this
 * very directory and snapshot, and nothing in it may have been touched since the restore ended. It never crosses into
 * another file system, and follows no link.
 */
import { chmodSync, lstatSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve, sep } from 'node:path';
import { errnoOf, fail } from '../../../core/errors.ts';
import type { RestoreContext } from '../../port.ts';
import { joined, leavePlace, type Place, placeIn, type RawPath, readNames, shown } from '../raw-path.ts';
import { readMarker, removeMarker } from './marker.ts';

const exact = { bigint: true } as const;

/** `source` is the path that is protected. Errors: `TargetUnusable` when there is any doubt; then nothing is removed. */
export function discard(source: string, context: RestoreContext): void {
  const target = resolve(context.target);
  const stat = lstatSync(target, { ...exact, throwIfNoEntry: false });
  if (stat === undefined) {
    removeMarker(target);
    return;
  }
  if (!stat.isDirectory()) refuse(target, 'it is not a directory');
  const real = realpathSync(target);
  for (const precious of [dirname(real) === real ? real : undefined, homedir(), realOf(source)]) {
    if (precious !== undefined && contains(real, precious)) refuse(target, `${precious} lies in it`);
  }
  const marker = readMarker(real, context.root);
  if (marker === undefined) refuse(target, 'no restore of this snapshot made it');
  try {
    const root: Place = { prefix: joined(real, '/'), fd: undefined };
    const touched = touchedSince(root, '', stat.dev, marker.finished ? marker.written : undefined);
    if (touched !== undefined)
      refuse(target, `${JSON.stringify(touched)} was touched after the restore, or is mounted`);
    empty(root, stat.dev);
    if (marker.created) rmdirSync(real);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    refuse(target, `something in it cannot be removed (${code})`);
  }
  removeMarker(real);
}

/** The first path whose inode has changed since, or which lies on another file system. Changing it cannot be hidden. */
function touchedSince(place: Place, path: string, device: bigint, since: bigint | undefined): string | undefined {
  for (const name of ['.', ...readNames(place.prefix)]) {
    const stat = lstatSync(joined(place.prefix, name), exact);
    if ((since !== undefined && stat.ctimeNs > since) || stat.dev !== device) return path + shown(name);
    if (name === '.' || !stat.isDirectory()) continue;
    const inner = placeIn(place, name);
    try {
      const found = touchedSince(inner, `${path}${shown(name)}/`, device, since);
      if (found !== undefined) return found;
    } finally {
      leavePlace(inner);
    }
  }
  return undefined;
}

function empty(place: Place, device: bigint): void {
  for (const name of openedNames(place)) {
    const path = joined(place.prefix, name);
    const stat = lstatSync(path, exact);
    if (!stat.isDirectory()) {
      unlinkSync(path);
      continue;
    }
    if (stat.dev !== device) refuse(shown(path), 'another file system was mounted there meanwhile');
    chmodSync(path, 0o700);
    const inner = placeIn(place, name);
    try {
      empty(inner, device);
    } finally {
      leavePlace(inner);
    }
    rmdirSync(path);
  }
}

/** Restored directories may be closed to their own owner. */
function openedNames(place: Place): RawPath[] {
  chmodSync(joined(place.prefix, '.'), 0o700);
  return readNames(place.prefix);
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function contains(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function refuse(target: string, why: string): never {
  return fail('TargetUnusable', `${target} is not removed: ${why}`, {
    hint: 'Look at what is in it, and remove it by hand if it may go.',
    context: { target },
  });
}
