/**
 * Change events, of every shape that may start a backup, turned into the sources that they concern. Events come at least
 * once and in any order, so an event only says which source to look at; what is there decides what is stored.
 */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import type { Plan, SourcePlan } from '../../plan/index.ts';

const envelopeSchema = z.object({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.record(z.string(), z.unknown()),
});

/** https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html */
const codeCommitSchema = z.object({
  event: z.enum(['referenceCreated', 'referenceUpdated', 'referenceDeleted']),
  repositoryName: z.string(),
  referenceType: z.string(),
  referenceName: z.string(),
  commitId: z.string().optional(),
});

/** Tidemark's own, for commit hooks and deployment pipelines: `detail: {"source": "configuration", "revision": "<commit or ref>"}`. */
const ownSchema = z.object({ source: z.string(), revision: z.string().optional() });

export interface Change {
  readonly source: SourcePlan;
  readonly revision: string | undefined;
}

/** Errors: `EventUnknown` for an event that no source could be concerned by, `SourceUnknown`. */
export function changesOf(event: unknown, plan: Plan): Change[] {
  const parsed = envelopeSchema.safeParse(event);
  if (!parsed.success) return unknown(event, oneLine(parsed.error));
  const { source: origin, 'detail-type': type, detail } = parsed.data;
  const asked = plan.sources
    .filter((source) => source.on.includes(`${origin}:${type}`))
    .map((source) => ({ source, revision: undefined }));
  if (origin === 'aws.codecommit' && type === 'CodeCommit Repository State Change') {
    const commit = codeCommitSchema.safeParse(detail);
    if (!commit.success) return unknown(event, oneLine(commit.error));
    return [...asked, ...commitChanges(commit.data, plan)];
  }
  if (origin === 'tidemark' && type === 'Configuration Change') {
    const own = ownSchema.safeParse(detail);
    if (!own.success) return unknown(event, oneLine(own.error));
    const source = plan.sources.find(({ id }) => id === own.data.source);
    if (!source) {
      fail(
        'SourceUnknown',
        `a Configuration Change event names the source ${JSON.stringify(own.data.source)}, which the plan does not have`,
        {
          hint: `Send one of: ${plan.sources.map(({ id }) => id).join(', ')}.`,
        },
      );
    }
    return [...asked, { source, revision: own.data.revision }];
  }
  if (asked.length > 0) return asked;
  return unknown(event, `no source of the plan asks for ${origin}:${type}`);
}

/** A deleted branch leaves nothing to take; the last snapshot of it stays. */
function commitChanges(commit: z.infer<typeof codeCommitSchema>, plan: Plan): Change[] {
  if (commit.event === 'referenceDeleted') return [];
  return plan.sources
    .filter((source) => source.kind === 'git' && source.cadences.change !== 'never')
    .filter((source) => source.kind === 'git' && repositoryName(source.repository) === commit.repositoryName)
    .filter((source) => source.kind === 'git' && (source.ref === commit.referenceName || source.ref === 'HEAD'))
    .map((source) => ({ source, revision: commit.commitId ?? commit.referenceName }));
}

const repositoryName = (repository: string): string =>
  repository
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split(/[/:]/)
    .at(-1) ?? '';

function unknown(event: unknown, why: string): never {
  const { source, 'detail-type': type } = (event ?? {}) as Record<string, unknown>;
  return fail(
    'EventUnknown',
    `an event from ${JSON.stringify(source)} of type ${JSON.stringify(type)} is not understood: ${why}`,
    {
      hint: 'See events/README.md for the events that start a backup; name others under `on:` of a source.',
      context: { source, type },
    },
  );
}

const oneLine = (error: z.ZodError): string => z.prettifyError(error).replace(/[✖→]/g, '').replace(/\s+/g, ' ').trim();
