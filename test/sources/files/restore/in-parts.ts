/** A restore and the comparison after it, divided at given paths, the parts done one by one and out of order. */
import { type Deadline, noDeadline } from '../../../../src/core/deadline.ts';
import type { Json } from '../../../../src/core/json.ts';
import { partsAt } from '../../../../src/sources/files/restore/scope.ts';
import type { CapturedContent, RestoreContext, Shard, ValidationReport } from '../../../../src/sources/port.ts';
import { type Restored, type Trial, throughJson } from '../trial.ts';

type More = Partial<RestoreContext>;

/** First, the middle from the last to the first, last. */
function inOrder(parts: readonly Shard[]): readonly Shard[] {
  return [parts[0]!, ...parts.slice(1, -1).reverse(), parts.at(-1)!];
}

export async function restoreInParts(
  trial: Trial,
  captured: CapturedContent,
  cuts: readonly string[],
  more: More = {},
  deadline: () => Deadline = () => noDeadline,
): Promise<Restored> {
  const results: Json[] = [];
  const restored = { files: 0, bytes: 0 };
  const problems: { path: string; what: string }[] = [];
  let calls = 0;
  for (const shard of inOrder(partsAt(cuts))) {
    let state: Json | undefined;
    for (;;) {
      calls += 1;
      const part = throughJson({ shard, before: results });
      const context = trial.restoreContext(captured, { ...more, part, deadline: deadline() });
      const outcome = await trial.source.restore(throughJson(state), context);
      if (outcome.done) {
        restored.files += outcome.restored.files;
        restored.bytes += outcome.restored.bytes;
        problems.push(...outcome.problems);
        if (outcome.result !== undefined) results.push(outcome.result);
        break;
      }
      state = outcome.state;
    }
  }
  return { restored, problems, calls };
}

export async function validateInParts(
  trial: Trial,
  captured: CapturedContent,
  cuts: readonly string[],
  more: More = {},
): Promise<ValidationReport> {
  const before: Json[] = [];
  const checked: Record<string, number> = {};
  const problems: { path: string; what: string }[] = [];
  for (const shard of inOrder(partsAt(cuts)).slice(1)) {
    const part = throughJson({ shard, before });
    const report = await trial.validate(captured, { ...more, part });
    for (const [what, count] of Object.entries(report.checked)) checked[what] = (checked[what] ?? 0) + count;
    problems.push(...report.problems);
    if (report.result !== undefined) before.push(report.result);
  }
  return { checked, problems };
}
