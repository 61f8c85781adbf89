/** A vault in a folder, filled from a folder by the operations of the backup workflow. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sources } from '../../functions/dependencies/sources.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import { noDeadline } from '../../src/core/deadline.ts';
import { silentLog } from '../../src/core/log.ts';
import { seededRandom } from '../../src/core/random.ts';
import { captureShard } from '../../src/operations/backup/capture-shard.ts';
import { commitSnapshot } from '../../src/operations/backup/commit-snapshot.ts';
import { planBackup } from '../../src/operations/backup/plan-backup.ts';
import { splitJob } from '../../src/operations/backup/split-job.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { createVaults } from '../../src/operations/vaults.ts';
import { parsePlan } from '../../src/plan/index.ts';
import { directoryStore } from '../../src/storage/directory.ts';

export interface SmallVault {
  readonly path: string;
  /** Takes a snapshot of the folder and returns its id. */
  backUp(): Promise<string>;
}

export interface SmallVaultOptions {
  readonly sealing?: 'none' | 'passphrase';
  /** False: objects that are created conditionally are folders. */
  readonly hardLinks?: boolean;
}

export function smallVault(folder: string, { sealing = 'none', hardLinks = true }: SmallVaultOptions = {}): SmallVault {
  const path = join(mkdtempSync(join(tmpdir(), 'tidemark-docs-')), 'vault');
  const plan = parsePlan(
    [
      'plan: docs',
      `vault: { primary: { directory: ${JSON.stringify(path)} }, sealing: ${sealing} }`,
      `sources: [{ id: notes, kind: files, path: ${JSON.stringify(folder)} }]`,
      'retention: { daily: 7 days, atLeast: 3 }',
    ].join('\n'),
    'plan.yml',
  );
  const clock = new VirtualClock('2026-03-15T12:00:00Z');
  const random = seededRandom(11);
  const store = directoryStore(path, { create: true, sync: false, hardLinks });
  const context: OperationContext = {
    plan,
    vaults: createVaults([store], sealing, clock, { random, passphrase: 'correct horse battery staple' }),
    clock,
    random,
    log: silentLog,
    alerts: { name: 'none', send: async () => {} },
    deadline: noDeadline,
    scratch: tmpdir(),
    ...sources(plan, async () => ''),
  };
  return {
    path,
    async backUp() {
      clock.moveTo(new Date(clock.now().getTime() + 3_600_000));
      const started = clock.now().toISOString();
      const { jobs } = await planBackup({ cadence: 'incremental', execution: `run ${started}`, started }, context);
      const split = await splitJob({ job: jobs[0]! }, context);
      for (const shard of split.shards) await captureShard(shard, context);
      return (await commitSnapshot({ job: split.job, shards: split.shards.length }, context)).snapshot;
    },
  };
}
