/**
 * Where the story takes place: Tidemark on one machine with a virtual clock, and the ways to let a workflow run there and
 * to insist on how it ends. Alerts are told as they come out, and remembered.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { VirtualClock } from '../../src/core/clock.ts';
import { fail } from '../../src/core/errors.ts';
import { readFailure } from '../../src/core/failure.ts';
import type { Json } from '../../src/core/json.ts';
import type { ExecutionEvent, ExecutionRecord } from '../engine.ts';
import { type Machine, openMachine } from '../machine.ts';
import { bytes, type Teller } from './teller.ts';
import type { Workspace } from './workspace.ts';

export interface Stage {
  readonly machine: Machine;
  readonly clock: VirtualClock;
  readonly teller: Teller;
  readonly workspace: Workspace;
  /** First lines of the alerts so far. */
  readonly alerts: readonly string[];
  /** The execution's report, whatever its status. */
  run(workflow: string, input: Json, name?: string): Promise<Outcome>;
  /** The same, for one that has to succeed. Errors: `WorkflowFailed`. */
  succeed<Report>(workflow: string, input: Json, name?: string): Promise<Report>;
}

export interface Outcome {
  readonly record: ExecutionRecord;
  readonly report: unknown;
}

export interface StageOptions {
  readonly workspace: Workspace;
  readonly teller: Teller;
  readonly clock: VirtualClock;
  readonly colours: boolean;
  /** False for a machine that finds its vaults made. */
  readonly create: boolean;
}

export interface StoryDoors {
  readonly workspace: Workspace;
  readonly teller: Teller;
  readonly colours: boolean;
  /** Told of what has to be done at the end, however it ends; the last one first. */
  readonly atTheEnd: (finish: () => Promise<void>) => void;
}

/** What `plan` says is written to the workspace, where the command line can use it too. */
export function writePlan(workspace: Workspace, plan: Readonly<Record<string, unknown>>): void {
  const vault = {
    primary: { directory: workspace.primary },
    replicas: [{ directory: workspace.replica }],
    sealing: 'none',
  };
  const retention = { daily: '7 days', weekly: '4 weeks', monthly: '12 months', yearly: '7 years', atLeast: 3 };
  writeFileSync(workspace.planFile, stringify({ timeZone: 'UTC', vault, ...plan, retention }), { mode: 0o600 });
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { workspace, teller, clock, colours, create } = options;
  const alerts: string[] = [];
  const machine = await openMachine({
    planFile: workspace.planFile,
    clock,
    create,
    colours,
    scratch: workspace.at('scratch'),
    onEvent: (event) => tellLarge(event, teller),
    write(text) {
      const heading = /ALERT (.*)/.exec(text.split('\n', 1)[0]!)?.[1];
      if (heading === undefined) return teller.detail(text);
      alerts.push(heading);
      // What a person needs comes first in an alert; what machines need comes after an empty line.
      const [subject, facts] = text.trimEnd().split(/\n\s*\n/);
      teller.detail([subject!.split('\n')[0], facts].join('\n'));
    },
  });
  const run = async (workflow: string, input: Json, name?: string): Promise<Outcome> => {
    const record = await machine.region.run(workflow, input, name);
    return { record, report: record.output ?? record.report };
  };
  return {
    machine,
    clock,
    teller,
    workspace,
    alerts,
    run,
    async succeed<Report>(workflow: string, input: Json, name?: string) {
      const { record, report } = await run(workflow, input, name);
      return record.status === 'SUCCEEDED' ? (report as Report) : workflowFailed(record);
    },
  };
}

const large = 10_000_000;

/** What takes seconds is told when its snapshot is there, and not only at the end of the run. */
function tellLarge({ kind, state, output }: ExecutionEvent, teller: Teller): void {
  if (kind !== 'exited' || state !== 'CommitSnapshot') return;
  const { job, bytes: count } = output as unknown as { job: { source: string }; bytes: JobReport['bytes'] };
  if (!count || count.read < large) return;
  teller.detail(
    `${job.source}: ${bytes(count.read)} read, ${bytes(count.stored)} of it new to the vault; now to the replica`,
  );
}

export function workflowFailed(record: ExecutionRecord): never {
  const { workflow, name, status, error = status, cause = '', report } = record;
  const { name: what, message, hint } = readFailure({ Error: error, Cause: cause });
  const jobs =
    (report as { jobs?: { source: string; error?: { name: string; message: string } }[] } | undefined)?.jobs ?? [];
  const failed = jobs.flatMap((job) => (job.error ? [`${job.source}: ${job.error.name}: ${job.error.message}`] : []));
  return fail('WorkflowFailed', `${workflow} (${name}) ended with ${what}: ${failed.join('; ') || message}`, {
    ...(hint !== undefined && { hint }),
  });
}

/** As the reports of the workflows have them. */
export interface BackupReport {
  readonly run: string;
  readonly status: 'success' | 'failure';
  readonly jobs: readonly JobReport[];
}
export interface JobReport {
  readonly source: string;
  readonly status: 'success' | 'failure';
  readonly snapshot?: string;
  readonly files?: number;
  readonly bytes?: { readonly read: number; readonly stored: number };
  readonly durationMs?: number;
  readonly error?: { readonly name: string; readonly message: string };
}
export interface RestoreReport {
  readonly status: string;
  readonly snapshot: string;
  readonly restored: { readonly files: number; readonly bytes: number };
  readonly durationMs: number;
}
export interface VerifyReport {
  readonly status: string;
  readonly findings: readonly { vault: number; what: string; object: string; repaired: boolean }[];
  readonly read: { readonly packs: number; readonly bytes: number };
}
export interface PruneReport {
  readonly status: string;
  readonly deleted: number;
  readonly collected: { readonly packs: number; readonly bytes: number };
}

export const folderOf = (workspace: Workspace, source: string): string => join(workspace.restored, source);
