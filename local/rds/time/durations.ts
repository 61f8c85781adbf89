/**
 * How long things take. Amazon promises no times; these are of the order that people report, and grow with the size. What
 * matters for a client is that nothing is done at once, that it varies, and that a copy can take days.
 */
import type { seededRandom } from '../../../src/core/random.ts';

export type ProcessKind =
  | 'create'
  | 'snapshot'
  | 'copy'
  | 'restore'
  | 'modify'
  | 'rename'
  | 'reboot'
  | 'delete'
  | 'delete-snapshot'
  | 'export'
  | 'replication';

export interface Work {
  readonly gibibytes: number;
  /** A copy that has a predecessor to build on. */
  readonly incremental?: boolean;
}

/** Minutes. */
export type Durations = Record<ProcessKind, (work: Work) => number>;

export const usualDurations: Durations = {
  create: () => 8,
  snapshot: ({ gibibytes }) => 3 + gibibytes / 60,
  // "The first copy is always a full copy": https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
  copy: ({ gibibytes, incremental }) => (10 + gibibytes / 10) * (incremental ? 0.1 : 1),
  restore: ({ gibibytes }) => 10 + gibibytes / 60,
  modify: () => 3,
  rename: () => 1,
  reboot: () => 1,
  delete: () => 5,
  'delete-snapshot': () => 0.5,
  export: ({ gibibytes }) => 30 + gibibytes / 6,
  replication: ({ gibibytes }) => 15 + gibibytes / 10,
};

/** From three quarters to one and a half of what is usual. */
export function milliseconds(minutes: number, random: ReturnType<typeof seededRandom>): number {
  return Math.round(minutes * 60_000 * (0.75 + random.below(751) / 1000));
}
