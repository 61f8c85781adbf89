/** `tidemark restore`: runs the restore workflow. */
import { resolve } from 'node:path';
import { fail } from '../../src/core/errors.ts';
import { execute } from '../execution.ts';
import { vaultNumber } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';
import { count, duration, plain, size } from '../words.ts';

interface RestoreReport {
  readonly status: string;
  readonly snapshot: string;
  readonly restored: { readonly files: number; readonly bytes: number };
  readonly durationMs: number;
}

export const restore: Verb = {
  about: 'brings a snapshot back, checked before and compared after',
  details: `Goes to a place that is empty or not there yet; what is there is never touched
unless --overwrite says so. Everything that will be read is checked before the
first byte is written, and the target is compared with the snapshot in the end.
A database goes to the URL of a new database; a PATH is then a table. One that is
saved with its log goes to a folder, and to any second: --at takes a time, a
position in the log (16/B374D848), point:NAME, or latest.`,
  options: {
    source: { value: 'ID', about: 'what to bring back' },
    snapshot: { value: 'ID', about: 'which snapshot; "latest" unless given' },
    at: { value: 'MOMENT', about: 'the state of that time: 2026-03-14T18:00:00+01:00' },
    pause: { about: 'a server recovered to a moment waits there for you' },
    path: { value: 'P', many: true, about: 'only this path or table; may be given several times' },
    target: { value: 'T', about: 'a folder, or postgres://user@host/database' },
    overwrite: { about: 'allows a target that holds something' },
    vault: { value: 'N', about: 'read from this vault: 0 is the primary, 1 the first replica' },
  },
  examples: [
    ['restore --source user-data --target ./restored', 'the newest snapshot'],
    ['restore --source user-data --at 2026-03-14T18:00:00Z --target ./then', 'as it was at that time'],
    ['restore --source user-data --path reports/2026 --target ./part', 'one folder of it'],
    ['restore --source db --target postgres://me@localhost/db_restored', 'a database, into a new one'],
  ],
  async run(asked): Promise<Answer> {
    const source = asked.needed('source');
    const target = asked.needed('target');
    const at = momentOf(asked.text('at'));
    const snapshot = asked.text('snapshot');
    if (at !== undefined && snapshot !== undefined) {
      fail('UsageInvalid', '--snapshot and --at were both given', { hint: 'Give one of them.' });
    }
    const vault = asked.text('vault') === undefined ? undefined : vaultNumber(asked.text('vault'));
    const machine = await asked.open();
    const paths = asked.list('path');
    const { report, failure } = await execute<RestoreReport>(machine, 'restore', {
      source,
      target: /^[a-z][a-z0-9+.-]*:\/\//i.test(target) ? target : resolve(target),
      ...(snapshot !== undefined && { snapshot }),
      ...(at !== undefined && { at }),
      ...(asked.flag('pause') && { pause: true }),
      ...(paths.length > 0 && { paths }),
      ...(asked.flag('overwrite') && { overwrite: true }),
      ...(vault !== undefined && { vault }),
    });
    const { files, bytes } = report.restored;
    return {
      document: report,
      text: `${report.status === 'success' ? 'restored' : 'FAILED to restore'} ${report.snapshot} to ${plain(target)}
${count(files, 'file')}, ${size(bytes)}, ${duration(report.durationMs)}
`,
      ...((failure || report.status !== 'success') && { failure: 'RestoreFailed' }),
    };
  },
};

/** A time without an offset means another one elsewhere, and a restore of the wrong state looks just like the right one. */
function momentOf(text: string | undefined): string | undefined {
  // whether the source has a log that these could be in is known later
  if (text === undefined || /^(?:latest|point:.+|[0-9a-f]+\/[0-9a-f]+)$/i.test(text)) return text;
  const shape = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i.exec(text);
  const time = shape ? new Date(text.replace(' ', 'T')) : undefined;
  const example = 'Write it as 2026-03-14T18:00:00Z or 2026-03-14T18:00:00+01:00.';
  if (!shape || Number.isNaN(time!.getTime())) {
    return fail('UsageInvalid', `--at ${JSON.stringify(text)} is no time`, { hint: example });
  }
  if (shape[3] === undefined) {
    return fail('UsageInvalid', `--at ${JSON.stringify(text)} has no offset from UTC, so it is several times`, {
      hint: example,
    });
  }
  // the text and not the time, which would lose microseconds
  const [day, clock = ''] = text.toUpperCase().split(/[T ]/);
  return `${day}T${clock.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')}`;
}
