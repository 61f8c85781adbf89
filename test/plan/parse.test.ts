/** Plans that are right: what they come to. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parsePlan } from '../../src/plan/index.ts';

const small = `plan: small
vault: { primary: { directory: /var/backups/vault } }
sources: [{ id: data, kind: files, path: /srv/data }]
retention: { daily: 7 days }
`;
const parse = (text: string, fileName = 'backup-plan.yml', options = {}) => parsePlan(text, fileName, options);

describe('the guidelines', () => {
  const plan = parse(readFileSync(new URL('../../backup-plan.yml', import.meta.url), 'utf8'));

  test('schedule: full weekly, incremental daily, configuration on change', () => {
    for (const { cadences } of plan.sources) {
      expect(cadences.full).toEqual({ unit: 'weeks', count: 1, on: 'sunday', at: '03:00' });
      expect(cadences.incremental).toEqual({ unit: 'days', count: 1, at: '02:00' });
    }
    const configuration = plan.sources.find(({ id }) => id === 'configuration')!;
    expect(configuration.cadences.change).toBe('on event');
    expect(configuration.on).toContain('aws.ssm:Parameter Store Change');
  });

  test('retention: 7 days, 4 weeks, 12 months, 7 years', () => {
    const policy = {
      daily: { count: 7, unit: 'days' },
      weekly: { count: 4, unit: 'weeks' },
      monthly: { count: 12, unit: 'months' },
      yearly: { count: 7, unit: 'years' },
      atLeast: 3,
    };
    expect(plan.retention).toEqual(policy);
    expect(plan.sources.map(({ retention }) => retention)).toEqual(plan.sources.map(() => policy));
  });

  test('storage in two regions, alerts to a topic, a source for each kind', () => {
    const regions = [plan.vault.primary, ...plan.vault.replicas].map((place) => 's3' in place && place.s3.region);
    expect(new Set(regions).size).toBe(2);
    expect(plan.alerts).toEqual({ topic: 'alerts' });
    expect(new Set(plan.sources.map(({ kind }) => kind))).toEqual(new Set(['files', 'postgres', 'git']));
  });
});

describe('defaults', () => {
  test('a small plan', () => {
    expect(parse(small)).toEqual({
      plan: 'small',
      timeZone: 'UTC',
      vault: { primary: { directory: '/var/backups/vault' }, replicas: [], sealing: 'none' },
      sources: [
        {
          id: 'data',
          kind: 'files',
          path: '/srv/data',
          exclude: [],
          allowEmpty: false,
          on: [],
          cadences: {
            full: { unit: 'weeks', count: 1, on: 'sunday', at: '03:00' },
            incremental: { unit: 'days', count: 1, at: '02:00' },
            logs: 'never',
            change: 'on event',
          },
          retention: { daily: { count: 7, unit: 'days' }, atLeast: 3 },
        },
      ],
      retention: { daily: { count: 7, unit: 'days' }, atLeast: 3 },
      alerts: {},
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('the plan of the design, but for its RDS instance', () => {
    const plan = parse(`plan: node-network
timeZone: UTC
vault:
  primary: { s3: { bucket: node-network-vault, region: eu-west-1 } }     # or { directory: /var/backups/vault }
  replicas:
    - { s3: { bucket: node-network-vault-replica, region: eu-central-1 } }
  sealing: none
sources:
  - { id: user-data,      kind: files,    path: /app/data, exclude: ["*.tmp"] }
  - { id: node-network-db, kind: postgres, connection: { secret: node-network/db } }
  - { id: other-db, kind: postgres, connection: "postgres://backup:p%40ss@db.internal:5433/other" }
  - { id: configuration,  kind: git,      repository: https://example.com/configuration.git, ref: main }
cadences: { full: weekly, incremental: daily, logs: 15 minutes, change: on event }
retention: { daily: 7 days, weekly: 4 weeks, monthly: 12 months, yearly: 7 years, atLeast: 3 }
alerts: { topic: alerts }
`);
    expect(plan.sources.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      'user-data files',
      'node-network-db postgres',
      'other-db postgres',
      'configuration git',
    ]);
    expect(plan.sources[2]).toMatchObject({ connection: 'postgres://backup:p%40ss@db.internal:5433/other' });
  });
});

describe('the method of a database', () => {
  const database = (more: string) =>
    parse(small.replace('kind: files, path: /srv/data', `kind: postgres, connection: { secret: db }${more}`))
      .sources[0];

  test('is a dump unless the plan says otherwise', () => {
    expect(database('')).toMatchObject({ method: 'logical' });
    expect(database('')).not.toHaveProperty('checkpoint');
  });

  test('is said with how gently the server is to be treated', () => {
    expect(database(', method: physical, checkpoint: spread, maxRate: 50 MB/s')).toMatchObject({
      ...{ method: 'physical', checkpoint: 'spread', maxRate: 50_000_000 },
    });
    expect(database(', method: physical, maxRate: 1 GiB/s')).toMatchObject({ maxRate: 1024 ** 3 });
  });

  test.each([
    [', method: fysical', /`physical`\?/],
    [', method: physical, checkpoint: fats', /`fast`\?/],
    [', method: physical, maxRate: 50', /50 MB\/s/],
    [', method: physical, maxRate: 1 kB/s', /32 KiB\/s to 1 GiB\/s/],
    [', checkpoint: fast', /needs `method: physical`/],
    [', method: logical, maxRate: 5 MB/s', /needs `method: physical`/],
  ])('%s is refused', (more, message) => {
    expect(() => database(more)).toThrow(message);
  });
});

describe('cadences', () => {
  const cadencesOf = (text: string) => parse(`${small}cadences: ${text}`).sources[0]!.cadences;

  test.each([
    ['never', 'never'],
    ['15 minutes', { unit: 'minutes', count: 15 }],
    ['1 minute', { unit: 'minutes', count: 1 }],
    ['every 6 hours', { unit: 'hours', count: 6 }],
    ['hourly', { unit: 'hours', count: 1 }],
    ['daily', { unit: 'days', count: 1, at: '02:00' }],
    ['1 day', { unit: 'days', count: 1, at: '02:00' }],
    ['Daily at 23:59', { unit: 'days', count: 1, at: '23:59' }],
    ['weekly', { unit: 'weeks', count: 1, on: 'sunday', at: '02:00' }],
    ['weekly at 04:00 on Friday', { unit: 'weeks', count: 1, on: 'friday', at: '04:00' }],
    ['monthly', { unit: 'months', count: 1, on: 1, at: '02:00' }],
    ['monthly on 28 at 00:00', { unit: 'months', count: 1, on: 28, at: '00:00' }],
  ])('incremental: %s', (words, expected) => {
    expect(cadencesOf(`{ incremental: ${words} }`).incremental).toEqual(expected);
  });

  test('a source overrides what it names and no more', () => {
    const text = small.replace('path: /srv/data', 'path: /srv/data, cadences: { incremental: 6 hours, change: never }');
    expect(parse(`${text}cadences: { full: monthly on 2 }`).sources[0]!.cadences).toEqual({
      full: { unit: 'months', count: 1, on: 2, at: '03:00' },
      incremental: { unit: 'hours', count: 6 },
      logs: 'never',
      change: 'never',
    });
  });
});

describe('retention', () => {
  const retentionOf = (own: string) =>
    parse(
      small
        .replace('path: /srv/data', `path: /srv/data, retention: ${own}`)
        .replace('7 days', '7 days, yearly: 1 year'),
    ).sources[0]!.retention;

  test('a source overrides what it names and no more', () => {
    expect(retentionOf('{ daily: 30 days, atLeast: 5 }')).toEqual({
      daily: { count: 30, unit: 'days' },
      yearly: { count: 1, unit: 'years' },
      atLeast: 5,
    });
  });

  test('`none` leaves a tier out', () => {
    expect(retentionOf('{ yearly: none }')).toEqual({ daily: { count: 7, unit: 'days' }, atLeast: 3 });
  });
});

describe('relative paths', () => {
  const relative = `plan: small
vault: { primary: { directory: ./vault }, replicas: [{ directory: ../elsewhere/vault/ }] }
sources:
  - { id: data, kind: files, path: data }
  - { id: code, kind: git, repository: ., ref: main }
retention: { daily: 7 days }
`;

  test.each([
    ['the folder given', 'backup-plan.yml', { folder: '/srv/ada/plans' }],
    ['the folder of an absolute file name', '/srv/ada/plans/backup-plan.yml', {}],
  ])('start at %s', (_what, fileName, options) => {
    const plan = parse(relative, fileName, options);
    expect(plan.vault.primary).toEqual({ directory: '/srv/ada/plans/vault' });
    expect(plan.vault.replicas).toEqual([{ directory: '/srv/ada/elsewhere/vault' }]);
    expect(plan.sources).toMatchObject([{ path: '/srv/ada/plans/data' }, { repository: '/srv/ada/plans' }]);
  });

  test('are mistakes where there is no folder to start at', () => {
    expect(() => parse(relative)).toThrow(/has 4 mistakes/);
  });
});

describe('the hash', () => {
  const withDatabase = (connection: string) =>
    parse(small.replace('kind: files, path: /srv/data', `kind: postgres, connection: "${connection}"`)).hash;

  test('does not depend on spelling, order, comments or defaults', () => {
    const other = `# The same in other words.
retention: { atLeast: 3, daily: 7 day }
timeZone: UTC
sources:
  - path: /srv/./data/
    kind: files
    id: data
    cadences: { full: weekly on sunday at 03:00 }
plan: small
vault:
  primary: { directory: /var/backups/vault }
  sealing: none
`;
    expect(parse(other).hash).toBe(parse(small).hash);
  });

  test('changes with what matters', () => {
    expect(parse(small.replace('7 days', '8 days')).hash).not.toBe(parse(small).hash);
    expect(withDatabase('postgres://ada@a/db')).not.toBe(withDatabase('postgres://ada@b/db'));
  });

  test('does not tell a password', () => {
    expect(withDatabase('postgres://ada:one@a/db')).toBe(withDatabase('postgres://ada:two@a/db'));
    expect(withDatabase('postgres://ada@a/db?password=one')).toBe(withDatabase('postgres://ada@a/db?password=two'));
  });
});

test('anchors may be used, and `on` is a word', () => {
  const plan = parse(`plan: small
vault: { primary: { directory: /v } }
sources:
  - { id: a, kind: files, path: /a, on: &events ["aws.ssm:Parameter Store Change"] }
  - { id: b, kind: files, path: /b, on: *events }
retention: { daily: 7 days }
`);
  expect(plan.sources.map(({ on }) => on)).toEqual([
    ['aws.ssm:Parameter Store Change'],
    ['aws.ssm:Parameter Store Change'],
  ]);
});
