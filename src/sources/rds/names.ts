/**
 * What Tidemark calls what it makes in RDS, and how it knows it again. A snapshot's identifier is derived and never drawn, so
 * that a repeated request finds it; what belongs to whom is said by tags that are given with the request that makes it, as a
 * tag that comes after could be lost. A set is all that one job took: a snapshot for each of its databases.
 */
import { hash } from 'node:crypto';
import type { Database, DatabaseKind, DatabaseSnapshot, Tags } from './port.ts';

/** Of a plan and its vault: two stacks in one account never take each other's snapshots for their own. */
export interface Owner {
  readonly plan: string;
  /** Id of the vault. */
  readonly vault: string;
}

const tag = {
  owner: 'tidemark:owner',
  source: 'tidemark:source',
  database: 'tidemark:database',
  set: 'tidemark:set',
  /** When the original was made, on copies: a copy of a cluster's snapshot knows only its own time. */
  time: 'tidemark:time',
} as const;

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html */
const mostTags = 50;
const longestName = 63;

/** Every name that a plan gives begins so; the rights of a deployment are for these names. */
export function namePrefix(plan: string): string {
  return `tidemark-${word(plan, 12)}-`;
}

/** `tidemark-node-network-primary-rds-20260315t030000-0123456789`: letters, digits and single hyphens, 63 at most. */
export function snapshotName(
  { plan, vault }: Owner,
  source: string,
  database: { readonly kind: DatabaseKind; readonly id: string },
  set: string,
): string {
  const digest = hash('sha256', [plan, vault, source, database.kind, database.id, set].join('\0'), 'hex').slice(0, 10);
  // a set has the id of a run, which begins with its time
  const when = /^\d{8}T\d{6}/.exec(set)?.[0].toLowerCase() ?? 'x';
  return `${namePrefix(plan)}${word(source, 14)}-${when}-${digest}`.slice(0, longestName);
}

function word(text: string, longest: number): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longest)
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'x' : plain;
}

export const ownerTag = ({ plan, vault }: Owner): string => `${plan}/${vault.slice(0, 16)}`;

/** Its own first, then the database's; AWS keeps tags that begin with `aws:` to itself and refuses them. */
export function tagsFor(
  owner: Owner,
  source: string,
  set: string,
  database: Pick<Database, 'kind' | 'id' | 'tags'>,
): Tags {
  return limited({
    [tag.owner]: ownerTag(owner),
    [tag.source]: source,
    [tag.set]: set,
    [tag.database]: `${database.kind}/${database.id}`,
    ...foreign(database.tags),
  });
}

/** The original's tags, and when the original was made. */
export function tagsForCopy(original: DatabaseSnapshot): Tags {
  const own = Object.fromEntries(Object.entries(original.tags).filter(([key]) => key.startsWith('tidemark:')));
  return limited({
    ...own,
    ...(original.originalTime && { [tag.time]: original.originalTime.toISOString() }),
    ...foreign(original.tags),
  });
}

/** For what a restore makes: the tags that the database had, without those of snapshots. */
export const foreign = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !/^(aws|tidemark):/i.test(key)));

const limited = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).slice(0, mostTags));

export interface Belonging {
  readonly source: string;
  readonly set: string;
  readonly kind: DatabaseKind;
  readonly database: string;
  /** When the original was made; undefined while nobody can know. */
  readonly time: Date | undefined;
}

/** What a snapshot's tags say of it; undefined for one that is not the owner's, whatever its name is. */
export function belongingOf(snapshot: DatabaseSnapshot, owner: Owner): Belonging | undefined {
  const { tags } = snapshot;
  const [kind, database] = (tags[tag.database] ?? '').split('/');
  if (tags[tag.owner] !== ownerTag(owner) || kind !== snapshot.kind || !database) return undefined;
  const [source, set] = [tags[tag.source], tags[tag.set]];
  if (!source || !set) return undefined;
  return { source, set, kind: snapshot.kind, database, time: originalTimeOf(snapshot) };
}

/** The service's word before the tag's, and never a copy's own time. */
export function originalTimeOf({ originalTime, tags }: DatabaseSnapshot): Date | undefined {
  if (originalTime && !Number.isNaN(originalTime.getTime())) return originalTime;
  const said = tags[tag.time];
  const time = said === undefined ? undefined : new Date(said);
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}

/** The version of a managed source is the set and when it was taken: `20260315T030000Z-full-1a2b3c4d@2026-03-15T03:02:11.000Z`. */
export const revisionOf = (set: string, time: Date): string => `${set}@${time.toISOString()}`;

export function setIn(revision: string): { readonly set: string; readonly time: Date } | undefined {
  const at = revision.lastIndexOf('@');
  const time = new Date(revision.slice(at + 1));
  return at <= 0 || Number.isNaN(time.getTime()) ? undefined : { set: revision.slice(0, at), time };
}

/** The same snapshot's ARN in another region: names are the same everywhere. */
export function arnIn(region: string, arn: string): string {
  const parts = arn.split(':');
  parts[3] = region;
  return parts.join(':');
}
