/** A directory as target gets the three files; `pg_restore` and `psql` do the rest where Tidemark is not at hand. */
import { join } from 'node:path';
import { isTidemarkError } from '../../../core/errors.ts';
import { filesSource } from '../../files/index.ts';
import type { RestoreContext, ValidationReport } from '../../port.ts';
import { fileNames } from '../manifest.ts';
import { outputOf } from '../program.ts';
import { toolsFor } from './restore.ts';
import { openStored } from './stored.ts';

/** Only its restoring half is used: it puts any tree into a directory, and compares and discards it. */
export const directory = filesSource({ path: '/', exclude: [], allowEmpty: true });

/** Every byte against the snapshot, then the dump read to its end by the program that would restore it. */
export async function validateDirectory(
  folders: readonly string[],
  context: RestoreContext,
): Promise<ValidationReport> {
  const report = await directory.validate(context);
  if (context.paths.length > 0 && !context.paths.includes(fileNames.dump)) return report;
  const tools = await toolsFor(await openStored(context), folders);
  try {
    // To a file and not to our pipe: the whole script is written, and only whether that works is of interest.
    await outputOf(
      {
        tools,
        name: 'pg_restore',
        deadline: context.deadline,
        arguments: ['--file=/dev/null', join(context.target, fileNames.dump)],
      },
      'RestoreFailed',
    );
    return report;
  } catch (error) {
    if (!isTidemarkError(error, 'RestoreFailed')) throw error;
    return {
      ...report,
      problems: [...report.problems, { path: fileNames.dump, what: `cannot be read to its end: ${error.message}` }],
    };
  }
}
