/** `tidemark backup`: runs the backup workflow. */

import { fail } from '../../src/core/errors.ts';
import { cadences } from '../../src/format/snapshot.ts';
import { nearest } from '../../src/plan/file/nearest.ts';
import { commonFailure, execute } from '../execution.ts';
import { requireSource } from '../snapshot.ts';
import type { Answer, Asked, Verb } from '../verb.ts';
import { count, duration, size } from '../words.ts';

interface JobReport {
  readonly source: string;
  readonly status: 'success' | 'failure';
  readonly snapshot?: string;
  readonly bytes?: { readonly read: number; readonly stored: number };
  readonly files?: number;
  readonly durationMs?: number;
  readonly error?: { readonly name: string; readonly message: string; readonly hint?: string };
}

interface RunReport {
  readonly run: string;
  readonly status: 'success' | 'failure';
  readonly jobs: readonly JobReport[];
}

export const backup: Verb = {
  about: 'takes a snapshot of every source, copied to every replica',
  details: `Each source is a job of its own: one that fails never stops the others, and the run
fails in the end. What is unchanged since the last snapshot is neither read nor
stored again; every snapshot restores alone all the same. The first backup makes
the vault. A replica's folder is made too, unless it is there and empty while
the primary has snapshots: that is a mount point without its disk.`,
  options: {
    source: { value: 'ID', many: true, about: 'only this source; may be given several times' },
    cadence: { value: 'C', about: `${cadences.join(', ')}; incremental unless given` },
  },
  examples: [
    ['backup', 'everything in backup-plan.yml'],
    ['backup --source user-data --source configuration', 'two sources'],
    ['backup --cadence full', 'reads everything again, even what seems unchanged'],
    ['backup --json | jq .status', 'for scripts; the exit code says it as well'],
  ],
  async run(asked): Promise<Answer> {
    const cadence = cadenceOf(asked);
    const sources = asked.list('source');
    const machine = await asked.open({ create: true });
    for (const id of sources) requireSource(machine, id);
    const input = { ...(cadence && { cadence }), ...(sources.length > 0 && { sources: [...new Set(sources)] }) };
    const { report, failure } = await execute<RunReport>(machine, 'backup', input);
    const failed = report.jobs.filter((job) => job.status !== 'success');
    return {
      document: report,
      text: textOf(report, failed),
      ...((failure || failed.length > 0) && { failure: commonFailure(failed.map((job) => job.error?.name)) }),
    };
  },
};

function cadenceOf(asked: Asked): string | undefined {
  const cadence = asked.text('cadence');
  if (cadence === undefined || (cadences as readonly string[]).includes(cadence)) return cadence;
  const near = nearest(cadence, cadences);
  return fail('UsageInvalid', `there is no cadence ${JSON.stringify(cadence)}`, {
    hint: near === undefined ? `Use one of: ${cadences.join(', ')}.` : `Did you mean ${near}?`,
  });
}

function textOf({ run, jobs }: RunReport, failed: readonly JobReport[]): string {
  const lines = jobs.map(({ source, status, snapshot, files, bytes, durationMs, error }) => {
    const numbers = `${count(files ?? 0, 'file')}, ${size(bytes?.read ?? 0)} read, ${size(bytes?.stored ?? 0)} stored`;
    const time = durationMs === undefined ? '' : `, ${duration(durationMs)}`;
    if (status === 'success') return `  done    ${source}: ${snapshot}\n          ${numbers}${time}`;
    const why = `  FAILED  ${source}: ${error?.name ?? 'Unexpected'}: ${error?.message ?? 'no reason was given'}`;
    const kept = snapshot === undefined ? '' : `\n          snapshot ${snapshot} was kept`;
    return `${why}${error?.hint === undefined ? '' : `\n          ${error.hint}`}${kept}`;
  });
  const sum = failed.length === 0 ? 'all done' : `${failed.length} of ${count(jobs.length, 'job')} failed`;
  return `${[`run ${run}: ${jobs.length === 0 ? 'nothing is due' : sum}`, ...lines].join('\n')}\n`;
}
