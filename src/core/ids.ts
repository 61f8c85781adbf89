/**
 * Names of runs and snapshots. They sort by time, are safe in object keys, file names and execution names, and are
 * derived, not drawn: the same trigger makes the same name, which is what makes a repeated event harmless.
 */
import { hash } from 'node:crypto';

/** `2026-03-15T12:04:59.123Z` as `20260315T120459Z`; always UTC, so two local times in a repeated hour never collide. */
export function compactTime(time: Date): string {
  return time
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
}

/** Eight hexadecimal digits that depend on every part and on nothing else. */
export function shortHash(...parts: readonly string[]): string {
  return hash('sha256', parts.join('\0'), 'hex').slice(0, 8);
}

/** Id of a run: `20260315T030000Z-incremental-1a2b3c4d`. */
export function runId(time: Date, trigger: string, key: string): string {
  return `${compactTime(time)}-${trigger}-${shortHash(key)}`;
}

/** Id of a snapshot: `user-data.20260315T030000Z.1a2b3c4d`. `version` is the run, or the revision for versioned sources. */
export function snapshotId(source: string, time: Date, version: string): string {
  return `${source}.${compactTime(time)}.${shortHash(source, version)}`;
}

/** What a source id, run id or execution name may look like. */
export const idPattern = /^[a-z0-9][a-z0-9._-]{0,79}$/i;
