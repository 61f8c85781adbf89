/**
 * The sources of a plan by id. Each kind's code, and the secret that it may need, is fetched when the source is first used:
 * a function that captures files loads neither a Git nor a database client.
 */
import { fail } from '../../src/core/errors.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import type { Plan, SourcePlan } from '../../src/plan/index.ts';
import type { Source } from '../../src/sources/port.ts';
import { rdsAt } from './rds.ts';
import { connectionIn, type SecretReader } from './secrets.ts';

type Kind = SourcePlan['kind'];

/** Folders with a database's own programs, looked for when they are first needed; the usual places without it. */
export type ToolFolders = () => Promise<readonly string[]>;

export function sources(
  plan: Plan,
  secret: SecretReader,
  tools?: ToolFolders,
): Pick<OperationContext, 'source' | 'sourceOfKind'> {
  const made = new Map<string, Source>();
  return {
    source(id) {
      const known = made.get(id);
      if (known) return known;
      const entry =
        plan.sources.find((source) => source.id === id) ??
        fail('SourceUnknown', `the plan ${plan.plan} has no source ${JSON.stringify(id)}`, {
          hint: `It has: ${plan.sources.map((source) => source.id).join(', ')}.`,
          context: { source: id },
        });
      const source = later(entry.kind, () => make(entry, plan.plan, secret, tools));
      made.set(id, source);
      return source;
    },
    sourceOfKind(kind) {
      if (!Object.hasOwn(nowheres, kind)) {
        fail('SourceUnknown', `no source of kind ${JSON.stringify(kind)} is known here`, {
          hint: `Kinds are: ${Object.keys(nowheres).join(', ')}.`,
        });
      }
      const nowhere = nowheres[kind as Kind];
      return later(kind, () => make(nowhere as SourcePlan, plan.plan, secret, tools));
    },
  };
}

/** For bringing back what the plan names no more: where it once came from does not matter then. */
const nowheres = {
  files: { kind: 'files', path: '/', exclude: [], allowEmpty: true },
  git: { kind: 'git', repository: '/', ref: 'HEAD' },
  postgres: { kind: 'postgres', method: 'logical', connection: 'postgres://nowhere.invalid/postgres' },
  rds: { kind: 'rds', databases: { instance: 'nowhere' }, region: 'nowhere', copies: [] },
} satisfies Record<Kind, unknown>;

async function make(
  entry: SourcePlan,
  plan: string,
  secret: SecretReader,
  tools: ToolFolders | undefined,
): Promise<Source> {
  if (entry.kind === 'files') {
    const { filesSource } = await import('../../src/sources/files/index.ts');
    return filesSource({ path: entry.path, exclude: entry.exclude, allowEmpty: entry.allowEmpty });
  }
  if (entry.kind === 'git') {
    const { gitSource } = await import('../../src/sources/git/index.ts');
    return gitSource({ repository: entry.repository, ref: entry.ref });
  }
  if (entry.kind === 'rds') {
    const { id: source, databases, copies } = entry;
    const { rdsSource } = await import('../../src/sources/rds/index.ts');
    return rdsSource({ plan, source, databases, copies, rds: await rdsAt(entry, entry.region) });
  }
  const { connection } = entry;
  const { postgresSource, slotName } = await import('../../src/sources/postgres/index.ts');
  const { method, checkpoint, maxRate } = entry;
  return postgresSource({
    method,
    connection:
      typeof connection === 'string' ? connection : connectionIn(await secret(connection.secret), connection.secret),
    ...(tools && { tools: await tools() }),
    ...(entry.cadences?.logs !== 'never' && { slot: slotName(plan, entry.id) }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(maxRate !== undefined && { maxRate }),
  });
}

/** A source that is made by the first call to it. One that could not be made is tried again by the next. */
function later(kind: string, make: () => Promise<Source>): Source {
  let made: Promise<Source> | undefined;
  const source = (): Promise<Source> => {
    made ??= make();
    made.catch(() => {
      made = undefined;
    });
    return made;
  };
  return {
    kind,
    ...(kind !== 'files' && { revision: async (context) => (await source()).revision?.(context) }),
    ...(kind === 'postgres' && { concern: async (context) => (await source()).concern?.(context) }),
    ...(kind === 'postgres' && { lineage: async (known, cadence) => (await source()).lineage!(known, cadence) }),
    ...(kind === 'rds' && { pointInTime: async (context) => (await source()).pointInTime!(context) }),
    ...(kind === 'files' && { division: async () => (await source()).division!() }),
    split: async (context) => (await source()).split(context),
    capture: async (shard, state, context) => (await source()).capture(shard, state, context),
    combine: async (results, context) => (await source()).combine(results, context),
    checkTarget: async (context) => (await source()).checkTarget(context),
    restore: async (state, context) => (await source()).restore(state, context),
    restoreParts: async (context, workers) => (await (await source()).restoreParts?.(context, workers)) ?? [],
    validate: async (context) => (await source()).validate(context),
    discard: async (context) => (await source()).discard(context),
  };
}
