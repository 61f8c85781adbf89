/** One execution of a workflow, to its end: its report, or the error that it ended with. */
import type { Machine } from '../local/machine.ts';
import { type ErrorName, TidemarkError } from '../src/core/errors.ts';
import { readFailure } from '../src/core/failure.ts';
import type { Json } from '../src/core/json.ts';

export interface Outcome<Report> {
  readonly report: Report;
  /** The execution failed and has a report all the same: part of what was asked for was not done. */
  readonly failure?: TidemarkError;
}

/** Errors: those of the execution, under their own names, when it ended without a report. */
export async function execute<Report>(machine: Machine, workflow: string, input: object): Promise<Outcome<Report>> {
  const given = JSON.parse(JSON.stringify(input)) as Json;
  const { status, output, report, error, cause } = await machine.region.run(workflow, given);
  if (status === 'SUCCEEDED') return { report: output as Report };
  const { name, message, hint } = readFailure({ Error: error ?? 'Unexpected', Cause: cause ?? `it was ${status}` });
  const failure = new TidemarkError(name, message, hint === undefined ? {} : { hint });
  if (name === 'RunFailed' && isReport(report)) return { report: report as Report, failure };
  throw failure;
}

const isReport = (value: unknown): boolean => typeof value === 'object' && value !== null && 'status' in value;

/** The one name that all failures have; `RunFailed` when they differ. */
export function commonFailure(names: readonly (string | undefined)[]): ErrorName {
  const [first, ...others] = new Set(names);
  return first === undefined || others.length > 0 ? 'RunFailed' : (first as ErrorName);
}
