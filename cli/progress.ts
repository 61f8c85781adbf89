/** What happens in an execution, told as it goes: a line for each step that a person would want to know of. */
import type { ExecutionEvent } from '../local/engine.ts';
import { readFailure } from '../src/core/failure.ts';
import { count, duration, grouped, plain, size } from './words.ts';

// biome-ignore lint/suspicious/noExplicitAny: what states hand on; statemachines/README.md has the table
type Payload = any;

const placeName = (vault: number): string => (vault === 0 ? 'the primary' : `replica ${vault}`);

/** What a state that has ended says, by its name. */
const told: Readonly<Record<string, (output: Payload, input: Payload) => string | undefined>> = {
  PlanBackup: ({ run, jobs }) => `run ${run}: ${jobs.map((job: Payload) => job.source).join(', ') || 'nothing is due'}`,
  SplitJob: ({ job, adopt }) => `${job.source}: ${adopt === undefined ? 'reading' : `unchanged, ${adopt} is there`}`,
  CommitSnapshot: ({ job, snapshot, files, bytes, problems, suspicion }) =>
    [
      `${job.source}: ${snapshot}, ${count(files, 'file')}, ${size(bytes.read)} read, ${size(bytes.stored)} stored`,
      ...(problems > 0 ? [`${job.source}: ${count(problems, 'problem')}, so the snapshot is not complete`] : []),
      ...(suspicion === undefined ? [] : [`${job.source}: suspicious: ${suspicion}`]),
    ].join('\n'),
  CommitReplica: ({ vault, snapshot }) => `${snapshot} copied to ${placeName(vault)}`,
  CheckVault: ({ vault, findings }) => `${placeName(vault)}: structure checked, ${count(findings, 'finding')}`,
  VerifyPacks: ({ item }) =>
    item.done ? `${placeName(item.vault)}: ${count(item.packs, 'pack')} read, ${size(item.bytes)}` : undefined,
  CheckRestore: ({ check }) => `${count(check.packs, 'pack')} to read, all there: ${size(check.bytes)}`,
  RestoreShard: ({ item }) => `${count(item.files, 'file')} restored, ${size(item.bytes)}`,
  ValidateRestore: ({ validation }) =>
    `compared with the snapshot: ${Object.entries(validation.checked)
      .map(([what, number]) => `${grouped(Number(number))} ${what}`)
      .join(', ')}; ${count(validation.problems, 'problem')}`,
};

/** Takes events in their order; gives a line with its line break, or nothing. */
export function createProgress(): (event: ExecutionEvent) => string | undefined {
  // A state that is left by a Catch tells its error only with what it hands on.
  const caught = new Set<string>();
  return (event) => {
    const { kind, state, error, cause } = event;
    const place = [event.execution, ...event.path, state].join('/');
    if (kind === 'caught') caught.add(place);
    if (kind === 'retried') {
      return line(`${state}: ${reason(error, cause)}; again in ${duration(event.waitMilliseconds ?? 0)}`);
    }
    if (kind !== 'exited') return undefined;
    return line(caught.delete(place) ? whenFailed(event) : whenTold(event));
  };
}

function whenFailed({ state, output }: ExecutionEvent): string {
  const { job, source = job?.source, error, left = error } = (output ?? {}) as Payload;
  return `${source === undefined ? '' : `${source}: `}${state} failed: ${reason(left?.Error, left?.Cause)}`;
}

/** A payload of a shape that is not expected is no reason to fail: this is only talk. */
function whenTold({ state, output, input }: ExecutionEvent): string | undefined {
  try {
    return told[state]?.(output, input);
  } catch {
    return undefined;
  }
}

function reason(error = 'Unexpected', cause = ''): string {
  const { name, message } = readFailure({ Error: error, Cause: cause });
  return `${name}: ${message}`;
}

function line(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${text.split('\n').map(plain).join('\n')}\n`;
}
