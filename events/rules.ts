/**
 * Which events start what: the rules of `rules.json`, and one for each event that a source of the plan asks for under `on`.
 * The deployed EventBridge and the local bus go by the same list. In a pattern, `${backup}` stands for the ARN of the backup
 * workflow; in an input, `<aws.events.event.json>` stands for the event, as in an EventBridge input transformer.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { shortHash } from '../src/core/ids.ts';
import type { Plan } from '../src/plan/plan.ts';

const ruleSchema = z.strictObject({
  name: z.string(),
  /** Left out of a deployment whose plan has no source of this kind that listens to changes. */
  when: z.string().optional(),
  pattern: z.record(z.string(), z.json()),
  /** Exactly one of the two: a workflow is given `input`, a function the event itself. */
  workflow: z.string().optional(),
  function: z.string().optional(),
  input: z.record(z.string(), z.json()).optional(),
});
export type Rule = z.infer<typeof ruleSchema>;

/** Where the event goes in an input. */
export const eventMark = '<aws.events.event.json>';

const fixedRules = z
  .array(ruleSchema)
  .parse(JSON.parse(readFileSync(new URL('./rules.json', import.meta.url), 'utf8')));

export function rulesOf({ sources }: Pick<Plan, 'sources'>): readonly Rule[] {
  const listening = sources.filter((source) => source.cadences.change !== 'never');
  const kinds = new Set<string>(listening.map((source) => source.kind));
  const fixed = fixedRules.filter((rule) => rule.when === undefined || kinds.has(rule.when));
  const asked = [...new Set(listening.flatMap((source) => source.on))].map(ruleFor);
  return [...fixed.filter((rule) => !asked.some((other) => isSameEvent(rule, other))), ...asked];
}

/** `on` is `event source:detail type`. */
function ruleFor(on: string): Rule {
  const colon = on.indexOf(':');
  const [source, type] = [on.slice(0, colon), on.slice(colon + 1)];
  const slug = type
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 24);
  return {
    name: `change-${slug}-${shortHash(on)}`,
    pattern: { source: [source], 'detail-type': [type] },
    workflow: 'backup',
    input: { cadence: 'change', event: eventMark },
  };
}

/** An event that two rules match would start two runs; the one that is asked for takes all of them. */
function isSameEvent(one: Rule, other: Rule): boolean {
  const eventOf = ({ pattern }: Rule): string => JSON.stringify([pattern.source, pattern['detail-type']]);
  return eventOf(one) === eventOf(other);
}
