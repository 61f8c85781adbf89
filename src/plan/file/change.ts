/** A change of retention in one line, as in `daily=14 days, yearly=none`: read as the plan file's own section would be. */
import { fail } from '../../core/errors.ts';
import type { Plan } from '../plan.ts';
import { readDocument } from './document.ts';
import { Mistakes } from './mistakes.ts';
import { Place } from './place.ts';
import { readRetention } from './retention.ts';

/** The plan with the change worked into every source. Errors: `PlanInvalid`, in which `name` is what the mistake is in. */
export function changeRetention(plan: Plan, change: string, name: string): Plan {
  const mistakes = new Mistakes();
  const lines = change.split(',').map((part) =>
    part
      .trim()
      .replace(/\s+/g, ' ')
      .replace(/\s*=\s*/, ': '),
  );
  const document = readDocument(`retention:\n${lines.map((line) => `  ${line}`).join('\n')}\n`, mistakes);
  const place = document && new Place({ document, mistakes, folder: undefined }, [], document.value).child('retention');
  const changed = plan.sources.map((source) => ({
    ...source,
    retention: place && readRetention(place, source.retention),
  }));
  mistakes.throwIfAny(name);
  const sources = changed.map(({ retention, ...source }) =>
    retention ? { ...source, retention } : fail('PlanInvalid', `${name} leaves ${source.id} without retention`),
  );
  return { ...plan, sources };
}
