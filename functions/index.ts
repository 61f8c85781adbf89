/** Every function by name. A function is loaded when it is first asked for, and so are its dependencies. */
import type { Handler } from './handler.ts';

export const functions = {
  'plan-backup': () => import('./plan-backup.ts'),
  'take-managed': () => import('./take-managed.ts'),
  'split-job': () => import('./split-job.ts'),
  'capture-shard': () => import('./capture-shard.ts'),
  'commit-snapshot': () => import('./commit-snapshot.ts'),
  'verify-snapshot': () => import('./verify-snapshot.ts'),
  'plan-replication': () => import('./plan-replication.ts'),
  'replicate-packs': () => import('./replicate-packs.ts'),
  'commit-replica': () => import('./commit-replica.ts'),
  'watch-managed': () => import('./watch-managed.ts'),
  'copy-managed': () => import('./copy-managed.ts'),
  'conclude-run': () => import('./conclude-run.ts'),
  'plan-prune': () => import('./plan-prune.ts'),
  'delete-snapshots': () => import('./delete-snapshots.ts'),
  'repack-packs': () => import('./repack-packs.ts'),
  'mark-garbage': () => import('./mark-garbage.ts'),
  'collect-garbage': () => import('./collect-garbage.ts'),
  'delete-managed': () => import('./delete-managed.ts'),
  'conclude-prune': () => import('./conclude-prune.ts'),
  'plan-verify': () => import('./plan-verify.ts'),
  'check-vault': () => import('./check-vault.ts'),
  'verify-packs': () => import('./verify-packs.ts'),
  'conclude-verify': () => import('./conclude-verify.ts'),
  'plan-restore': () => import('./plan-restore.ts'),
  'check-restore': () => import('./check-restore.ts'),
  'restore-shard': () => import('./restore-shard.ts'),
  'validate-restore': () => import('./validate-restore.ts'),
  'conclude-restore': () => import('./conclude-restore.ts'),
  'plan-drill': () => import('./plan-drill.ts'),
  'discard-drill': () => import('./discard-drill.ts'),
  'conclude-drill': () => import('./conclude-drill.ts'),
  'notice-failure': () => import('./notice-failure.ts'),
} satisfies Record<string, () => Promise<{ handler: Handler }>>;

export type FunctionName = keyof typeof functions;

export const functionNames = Object.keys(functions) as readonly FunctionName[];

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(functions, name);
}

/** The function that a state machine calls `${PlanBackup}`. */
export function functionOf(substitution: string): FunctionName | undefined {
  const name = substitution.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
  return isFunctionName(name) ? name : undefined;
}
