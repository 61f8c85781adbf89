/** `tidemark drill`: rehearses restores into a scratch place and throws them away. */
import { commonFailure, execute } from '../execution.ts';
import { requireSource } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';
import { duration, table } from '../words.ts';

interface DrillReport {
  readonly status: string;
  readonly drills: readonly {
    readonly source: string;
    readonly snapshot?: string;
    readonly vault: number;
    readonly status: string;
    readonly durationMs?: number;
    readonly error?: { readonly name: string };
  }[];
}

export const drill: Verb = {
  about: 'rehearses a restore of each source, compares, and cleans up',
  details: 'A backup that was never restored is a hope. This makes it a fact, and times it.',
  options: { source: { value: 'ID', many: true, about: 'only this source; may be given several times' } },
  examples: [
    ['drill', 'every source'],
    ['drill --source user-data', 'one source'],
  ],
  async run(asked): Promise<Answer> {
    const sources = asked.list('source');
    const machine = await asked.open();
    for (const id of sources) requireSource(machine, id);
    const input = sources.length > 0 ? { sources: [...new Set(sources)] } : {};
    const { report, failure } = await execute<DrillReport>(machine, 'drill', input);
    const failed = report.drills.filter(({ status }) => status !== 'success');
    return {
      document: report,
      text: table(
        ['SOURCE', '>VAULT', 'RESULT', '>TOOK', 'SNAPSHOT'],
        report.drills.map(({ source, vault, status, durationMs, snapshot }) => [
          source,
          String(vault),
          status,
          durationMs === undefined ? '-' : duration(durationMs),
          snapshot ?? '-',
        ]),
      ),
      ...((failure || failed.length > 0) && { failure: commonFailure(failed.map(({ error }) => error?.name)) }),
    };
  },
};
