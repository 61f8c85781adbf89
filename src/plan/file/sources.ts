/** `sources`: what is protected. A source says its kind, what that kind needs, and what it wants otherwise than the plan. */
import { type Cadences, periodicCadences } from '../cadence/every.ts';
import type { Duration } from '../calendar/duration.ts';
import type { FilesSource, GitSource, PostgresSource, RdsSource, SourcePlan } from '../plan.ts';
import type { Retention } from '../retention/policy.ts';
import { type Kept, readCadences } from './cadences.ts';
import { oneOf, sourceId, text, textAs, wordsAs, yesNo } from './fields.ts';
import { gitRepository, pathFrom, postgresUrl, secretName } from './location.ts';
import type { Place } from './place.ts';
import { rdsKeys, readRds } from './rds.ts';
import { durationLike, readRetention } from './retention.ts';

type Content = FilesSource | PostgresSource | GitSource | RdsSource;

const ownKeys = ['id', 'kind', 'cadences', 'retention', 'on'];
const keysOf: Readonly<Record<Content['kind'], readonly string[]>> = {
  files: ['path', 'exclude', 'allowEmpty'],
  postgres: ['connection', 'method', 'checkpoint', 'maxRate', 'pointInTime'],
  git: ['repository', 'ref'],
  rds: rdsKeys,
};
const kinds = Object.keys(keysOf) as Content['kind'][];

/** What the plan says for all its sources. */
export interface Defaults {
  readonly cadences: Cadences;
  readonly retention: Retention;
  /** The region of the primary vault, where it is in one. */
  readonly region?: string;
}

export function readSources(place: Place, defaults: Defaults): (SourcePlan | undefined)[] {
  const places = place.items();
  const firstOf = new Map<string, Place>();
  for (const source of places) {
    // Ids that differ only in case are one directory on some file systems.
    const { value } = source.child('id');
    const key = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
    if (key === undefined) continue;
    const first = firstOf.get(key);
    if (first) source.child('id').wrong(`is \`${value}\`, which ${first.name} is called already`);
    else firstOf.set(key, source);
  }
  return places.map((source) => readSource(source, defaults));
}

function readSource(place: Place, defaults: Defaults): SourcePlan | undefined {
  const named = kinds.find((kind) => kind === place.child('kind').value);
  const contentKeys = named ? keysOf[named] : Object.values(keysOf).flat();
  if (!place.isSection([...ownKeys, ...contentKeys])) return undefined;
  const id = place.child('id').need(sourceId);
  const kind = place.child('kind').need(oneOf(kinds));
  const content = kind && readContent(kind, place, defaults);
  const cadences = readCadences(place.child('cadences'), defaults.cadences, content ?? (kind && asKept(kind, place)));
  const retention = readRetention(place.child('retention'), defaults.retention);
  const on = place.child('on').isThere
    ? place
        .child('on')
        .items()
        .map((event) => event.need(eventName))
    : [];
  if ([...periodicCadences, 'change' as const].every((cadence) => cadences[cadence] === 'never')) {
    const at = place.child('cadences');
    (at.isThere ? at : place).wrong('would never be backed up: every cadence is `never`');
  }
  const pointInTime = kind === 'postgres' ? readPointInTime(place.child('pointInTime'), cadences) : undefined;
  if (id === undefined || !content || !retention || on.includes(undefined)) return undefined;
  return { id, cadences, retention, on: on as string[], ...content, ...(pointInTime && { pointInTime }) };
}

function readContent(kind: Content['kind'], place: Place, { region }: Defaults): Content | undefined {
  const { folder } = place.file;
  switch (kind) {
    case 'files': {
      const path = place.child('path').need(pathFrom(folder));
      const exclude = place.child('exclude').isThere
        ? place
            .child('exclude')
            .items()
            .map((item) => item.need(text))
        : [];
      const allowEmpty = place.child('allowEmpty').may(yesNo, false);
      if (path === undefined || allowEmpty === undefined || exclude.includes(undefined)) return undefined;
      return { kind, path, exclude: exclude as string[], allowEmpty };
    }
    case 'postgres': {
      const connection = readConnection(place.child('connection'));
      const method = place.child('method').may(oneOf<'logical' | 'physical'>(['logical', 'physical']), 'logical');
      const physical = readPhysical(place, method);
      return connection === undefined || method === undefined ? undefined : { kind, method, connection, ...physical };
    }
    case 'git': {
      const repository = place.child('repository').need(gitRepository(folder));
      const ref = place.child('ref').may(gitRef, 'HEAD');
      return repository === undefined || ref === undefined ? undefined : { kind, repository, ref };
    }
    case 'rds':
      return readRds(place, region);
  }
}

/** Whether its logs may be asked for, even while something else about it is wrong. */
function asKept(kind: Content['kind'], place: Place): Kept {
  if (kind !== 'postgres') return { kind };
  return { kind, method: place.child('method').value === 'physical' ? 'physical' : 'logical' };
}

/** For how long back every second can be restored: a week unless said, wherever the log is saved. */
function readPointInTime(place: Place, { logs }: Cadences): Duration | undefined {
  if (logs === 'never') {
    if (place.isThere)
      place.wrong('needs transaction logs: `method: physical`, and a `logs` cadence other than `never`');
    return undefined;
  }
  const read = place.isThere ? place.need(durationLike('35 days', false)) : ({ count: 7, unit: 'days' } as const);
  return read === 'none' ? undefined : read;
}

/** What only base backups know. */
function readPhysical(
  place: Place,
  method: PostgresSource['method'] | undefined,
): Pick<PostgresSource, 'checkpoint' | 'maxRate'> {
  const [checkpoint, maxRate] = [place.child('checkpoint'), place.child('maxRate')];
  for (const one of method === 'logical' ? [checkpoint, maxRate] : []) {
    if (one.isThere) one.wrong('is about base backups; it needs `method: physical`');
  }
  const how = checkpoint.isThere ? checkpoint.need(oneOf<'fast' | 'spread'>(['fast', 'spread'])) : undefined;
  const rate = maxRate.isThere ? maxRate.need(bytesPerSecond) : undefined;
  return { ...(how !== undefined && { checkpoint: how }), ...(rate !== undefined && { maxRate: rate }) };
}

function readConnection(place: Place): PostgresSource['connection'] | undefined {
  if (place.value === null || typeof place.value !== 'object') return place.need(postgresUrl);
  if (!place.isSection(['secret'])) return undefined;
  const secret = place.child('secret').need(secretName);
  return secret === undefined ? undefined : { secret };
}

const rateUnits = new Map([
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

/** What a server takes: 32 KiB to 1 GiB a second. */
const bytesPerSecond = wordsAs<number>((value) => {
  const [, amount, name = ''] = /^(\d+) ?([A-Za-z]+)\/s$/.exec(value) ?? [];
  const bytes = Number(amount) * (rateUnits.get(name) ?? Number.NaN);
  if (bytes >= 32 * 1024 && bytes <= 1024 ** 3) return { is: bytes };
  return {
    wrong: `is \`${value}\`; write what the server may send in a second, as in \`50 MB/s\` (32 KiB/s to 1 GiB/s)`,
  };
});

/** https://git-scm.com/docs/git-check-ref-format, roughly; a commit's id is good too. */
const gitRef = textAs<string>((value) =>
  /[\s~^:?*[\\]|\.\.|^[-/]|[/.]$|@\{/.test(value)
    ? { wrong: `is \`${value}\`, which is no branch, tag or commit` }
    : { is: value },
);

const eventName = textAs<string>((value) =>
  /^[\w.-]+:\S.*$/.test(value)
    ? { is: value }
    : { wrong: `is \`${value}\`; write the event's source and detail type, as in \`aws.ssm:Parameter Store Change\`` },
);
