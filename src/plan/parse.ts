/**
 * From the text of `backup-plan.yml` to the typed plan. A plan is taken as a whole or not at all: every mistake in it is
 * found, and all of them are in the one error, with line and column and the word that was probably meant.
 */
import { hash } from 'node:crypto';
import { dirname, isAbsolute } from 'node:path';
import { canonicalJson } from '../core/json.ts';
import { defaultCadences } from './cadence/every.ts';
import { readAlerts } from './file/alerts.ts';
import { readCadences } from './file/cadences.ts';
import { readDocument } from './file/document.ts';
import { planName, timeZone } from './file/fields.ts';
import { Mistakes } from './file/mistakes.ts';
import { Place } from './file/place.ts';
import { readRetention } from './file/retention.ts';
import { readSources } from './file/sources.ts';
import { readVault } from './file/vault.ts';
import { checkVaultsOutside } from './file/vault-in-source.ts';
import type { Plan, SourcePlan } from './plan.ts';
import type { Retention } from './retention/policy.ts';

export interface ParseOptions {
  /** Absolute. Relative paths of vaults, files and repositories start here; without it they are mistakes. */
  readonly folder?: string;
}

const keys = ['plan', 'timeZone', 'vault', 'sources', 'cadences', 'retention', 'alerts'];

/** Only for going on to look for mistakes where the plan's own policy is one; no plan ever comes out with it. */
const placeholder: Retention = { daily: { count: 1, unit: 'days' }, atLeast: 1 };

/**
 * `fileName` is what messages call the file; where it is an absolute path, `folder` is its folder unless given. Errors:
 * `PlanInvalid`, with every mistake in its message and as data in `context.mistakes`.
 */
export function parsePlan(text: string, fileName: string, options: ParseOptions = {}): Plan {
  const mistakes = new Mistakes();
  const plan = readPlan(text, mistakes, options.folder ?? (isAbsolute(fileName) ? dirname(fileName) : undefined));
  mistakes.throwIfAny(fileName);
  return { ...plan!, hash: hashOf(plan!) };
}

function readPlan(text: string, mistakes: Mistakes, folder: string | undefined): Omit<Plan, 'hash'> | undefined {
  const document = readDocument(text, mistakes);
  if (!document) return undefined;
  const top = new Place({ document, mistakes, folder }, [], document.value ?? null);
  if (!top.isSection(keys)) return undefined;
  const plan = top.child('plan').need(planName);
  const zone = top.child('timeZone').may(timeZone, 'UTC');
  const vault = readVault(top.child('vault'));
  const cadences = readCadences(top.child('cadences'), defaultCadences);
  const retention = readRetention(top.child('retention'));
  const home = vault && 's3' in vault.primary ? vault.primary.s3.region : undefined;
  const sources = readSources(top.child('sources'), {
    cadences,
    retention: retention ?? placeholder,
    ...(home !== undefined && { region: home }),
  });
  const alerts = readAlerts(top.child('alerts'));
  if (vault) checkVaultsOutside(top.child('sources'), sources, vault);
  if (mistakes.count > 0) return undefined;
  return {
    plan: plan!,
    timeZone: zone!,
    vault: vault!,
    sources: sources as SourcePlan[],
    retention: retention!,
    alerts: alerts!,
  };
}

/** Without passwords: a new one is no other plan, and a hash that is written everywhere must not help to guess one. */
function hashOf(plan: Omit<Plan, 'hash'>): string {
  const sources = plan.sources.map((source) => {
    if (source.kind === 'git') return { ...source, repository: withoutPassword(source.repository) };
    if (source.kind !== 'postgres' || typeof source.connection !== 'string') return source;
    return { ...source, connection: withoutPassword(source.connection) };
  });
  return hash('sha256', canonicalJson({ ...plan, sources }), 'hex');
}

function withoutPassword(location: string): string {
  const url = URL.parse(location);
  if (!url) return location;
  url.password = '';
  url.searchParams.delete('password');
  return url.href;
}
