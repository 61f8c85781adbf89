/** What can be asked of a bench, and what is meant when nothing is. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type DataName, dataNames } from './data/data-set.ts';
import { catalogue, type ProgramKey, programKeys } from './programs/catalogue.ts';

export const help = `Usage: npm run bench -- [OPTION]...

  --quick            five minutes: one round, small data, the main programs
  --rounds N         so many rounds (default: 5; quick: 1)
  --minutes N        begin no further round after so many minutes
  --data A,B         of ${dataNames.join(', ')}
                     (default: all; quick: small,database,history)
  --programs A,B     of ${programKeys.join(', ')}
                     (default: all but engine; sealed and s3 are Tidemark with sealing, and behind S3)
  --work DIR         where the data and the vaults go (default: the temporary folder); anybody may have to enter it
  --keep-data DIR    makes the data there and leaves it; what is there already is used again
  --no-record        print only; leave bench/results and bench/README.md as they are
  --strict           exit code 1 when a goal is missed

Data is downloaded once with npm and made with PostgreSQL. A whole bench takes about 40 gigabytes of disk, and hours.
Everything that it makes elsewhere than in DIR is removed at the end.`;

export interface Options {
  readonly help: boolean;
  readonly quick: boolean;
  readonly rounds: number;
  readonly minutes: number;
  readonly data: readonly DataName[];
  readonly programs: readonly ProgramKey[];
  readonly work: string;
  readonly keepData: string | undefined;
  readonly record: boolean;
  readonly strict: boolean;
}

/** Throws with words for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      minutes: { type: 'string' },
      data: { type: 'string' },
      programs: { type: 'string' },
      work: { type: 'string', default: tmpdir() },
      'keep-data': { type: 'string' },
      record: { type: 'boolean', default: true },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { quick, help: asked, record, strict } = values;
  const usual = programKeys.filter((key) => (quick ? catalogue[key].quick : key !== 'engine'));
  const keep = values['keep-data'];
  return {
    ...{ quick, record, strict, help: asked },
    rounds: values.rounds === undefined ? (quick ? 1 : 5) : positive('rounds', values.rounds),
    minutes: values.minutes === undefined ? Infinity : positive('minutes', values.minutes),
    data:
      values.data === undefined
        ? quick
          ? ['small', 'database', 'history']
          : dataNames
        : chosen('data', values.data, dataNames),
    programs: values.programs === undefined ? usual : chosen('programs', values.programs, programKeys),
    work: path.resolve(values.work),
    keepData: keep === undefined ? undefined : path.resolve(keep),
  };
}

function chosen<Name extends string>(option: string, value: string, known: readonly Name[]): Name[] {
  const names = value.split(',');
  const unknown = names.find((name) => !known.includes(name as Name));
  if (unknown !== undefined) throw new Error(`--${option}: ${unknown} is none of ${known.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

function positive(option: string, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${option} ${value} is not a positive number`);
  return Number(value);
}
