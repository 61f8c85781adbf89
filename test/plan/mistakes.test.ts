/** Plans that are wrong: each mistake is found, at its line and column, in words that help, and with no password in them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTidemarkError, type TidemarkError } from '../../src/core/errors.ts';
import { parsePlan } from '../../src/plan/index.ts';

const good = `plan: small
timeZone: Europe/Rome
vault:
  primary: { directory: /var/vault }
  replicas:
    - { s3: { bucket: small-vault, region: eu-west-1, prefix: tidemark } }
  sealing: none
sources:
  - { id: data, kind: files, path: /srv/data }
  - { id: db, kind: postgres, connection: "postgres://ada:hunter2@db/network" }
  - { id: code, kind: git, repository: /srv/code, ref: main }
cadences: { full: weekly, incremental: daily, logs: 15 minutes, change: on event }
retention: { daily: 7 days, weekly: 4 weeks, monthly: 12 months, yearly: 7 years, atLeast: 3 }
alerts: { topic: alerts }
`;

function refusalOf(text: string): TidemarkError {
  try {
    parsePlan(text, 'plan.yml');
  } catch (error) {
    if (isTidemarkError(error, 'PlanInvalid')) return error;
    throw error;
  }
  return expect.fail('the plan was taken');
}

/** The one mistake that replacing `from` by `to` in the good plan makes; `line:column what`. */
function mistakeOf(from: string, to: string): string {
  expect(good).toContain(from);
  return refusalOf(good.replace(from, to)).message.replace('plan.yml:', '');
}

test('the plan that the mistakes are made in is right', () => {
  expect(() => parsePlan(good, 'plan.yml')).not.toThrow();
});

describe('words', () => {
  test.each([
    ['retention: {', 'retension: {', /^13:1: the plan has no key `retension`; did you mean `retention`\?$/],
    ['kind: postgres', 'kind: postgress', /^10:21: `sources\[1\].kind` is `postgress`, .*; did you mean `postgres`\?$/],
    ['path: /srv', 'paht: /srv', /^9:30: `sources\[0\]` has no key `paht`; did you mean `path`\?$/],
    ['atLeast: 3', 'atleast: 3', /^13:83: `retention` has no key `atleast`; did you mean `atLeast`\?$/],
    [
      'sealing: none',
      'sealing: non',
      /^7:12: `vault.sealing` is `non`, which is not one of none, passphrase; did you mean `none`\?$/,
    ],
    ['full: weekly', 'full: weekyl', /^12:19: `cadences.full` is `weekyl`, .*; did you mean `weekly`\?$/],
    [
      '4 weeks',
      '4 weaks',
      /^13:37: `retention.weekly` is `weaks`, which is not one of days, weeks, months, years; did you mean `weeks`\?$/,
    ],
    ['15 minutes', '15 minuets', /^12:53: `cadences.logs` is `minuets`, .*; did you mean `minutes`\?$/],
    [
      'Europe/Rome',
      'Europe/Roma',
      /^2:11: `timeZone` is `Europe\/Roma`, which is not a time zone; .*; did you mean `Europe\/Rome`\?$/,
    ],
    ['Europe/Rome', 'europe/rome', /did you mean `Europe\/Rome`\?$/],
    ['Europe/Rome', '+01:00', /is `\+01:00`, which is not a time zone/],
    ['change: on event', 'change: on events', /did you mean `on event`\?$/],
    ['weekly,', 'weekly on sonday,', /is `sonday`, .*; did you mean `sunday`\?$/],
    ['region: eu', 'regoin: eu', /`vault.replicas\[0\].s3` has no key `regoin`; did you mean `region`\?$/],
  ])('%s -> %s', (from, to, message) => {
    expect(mistakeOf(from, to)).toMatch(message);
  });
});

describe('B4 retention that could be misread', () => {
  test.each([
    ['7 days', '0 days', /^13:21: `retention.daily` is `0 days`; write a whole number and a unit, as in `7 days`$/],
    ['7 days', '-7 days', /is `-7 days`/],
    ['7 days', '1.5 days', /is `1.5 days`/],
    ['7 days', '7', /is 7 without a unit; write a whole number and a unit, as in `7 days`$/],
    ['7 days', '0', /is `0`; write/],
    ['7 days', '7d', /is `7d`; write/],
    ['7 days', '7 d', /is `d`, which is not one of days, weeks, months, years/],
    ['7 days', '7 days ago', /is `7 days ago`/],
    ['12 months', '12 minutes', /is `minutes`, which is not one of days, weeks, months, years/],
    ['12 months', '12 m', /is `m`, which is not one of/],
    ['7 years', '700 years', /is `700 years`, longer than a hundred years$/],
    ['7 years', '1e3 years', /is `1e3 years`/],
    ['7 years', '', /^13:\d+: `retention.yearly` is empty$/],
    ['7 years', '""', /`retention.yearly` is empty$/],
    ['7 years', 'none', /`retention.yearly` is `none`; write/],
    ['7 years', '[7 years]', /is to be text, not a list$/],
    ['7 years', 'true', /is to be text, not the truth value true$/],
    ['atLeast: 3', 'atLeast: 0', /^13:92: `retention.atLeast` is to be a whole number from 1 to 1000, not 0$/],
    ['atLeast: 3', 'atLeast: -1', /not -1$/],
    ['atLeast: 3', 'atLeast: .5', /not 0.5$/],
    ['atLeast: 3', 'atLeast: .nan', /whole number/],
    ['atLeast: 3', 'atLeast: "3"', /not text$/],
    ['atLeast: 3', 'atLeast:', /is empty$/],
    [
      'atLeast: 3',
      'hourly: 24 hours',
      /`retention` has no key `hourly`; it knows daily, weekly, monthly, yearly, atLeast$/,
    ],
  ])('%s -> %s', (from, to, message) => {
    expect(mistakeOf(from, to)).toMatch(message);
  });

  const section = good.split('\n').find((line) => line.startsWith('retention:'))!;
  test.each([
    ['retention:', /`retention` is empty/],
    ['retention: {}', /`retention` is empty/],
    ['retention: { atLeast: 3 }', /`retention` keeps nothing: it needs at least one of daily, weekly, monthly, yearly/],
    ['retention: 7 days', /`retention` is to be a section, not text/],
    ['retention: [daily]', /`retention` is to be a section, not a list/],
    ['', /^1:1: the plan has no `retention`, which it needs/],
  ])('%s', (instead, message) => {
    expect(mistakeOf(section, instead)).toMatch(message);
  });

  test.each([
    ['{}', /`sources\[0\].retention` is empty/],
    ['', /`sources\[0\].retention` is empty/],
    ['{ daily: none, weekly: none, monthly: none, yearly: none }', /`sources\[0\].retention` keeps nothing/],
    ['{ daily: 0 days }', /`sources\[0\].retention.daily` is `0 days`/],
  ])('of a source: %s', (own, message) => {
    expect(mistakeOf('path: /srv/data', `path: /srv/data, retention: ${own}`)).toMatch(message);
  });
});

describe('cadences', () => {
  test.each([
    ['15 minutes', '0 minutes', /write a whole number and a unit/],
    ['15 minutes', '7 minutes', /does not divide an hour evenly; 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 do$/],
    ['15 minutes', '60 minutes', /did you mean `hourly`\?$/],
    ['15 minutes', '24 hours', /did you mean `daily`\?$/],
    ['15 minutes', '15', /is 15 without a unit; write `15 minutes` or `15 hours`$/],
    ['15 minutes', '15min', /write a whole number and a unit/],
    ['15 minutes', '2 days', /is every 2 days, at which no calendar repeats evenly; did you mean `daily`\?$/],
    ['15 minutes', '7 days', /did you mean `weekly`\?$/],
    ['15 minutes', '15 minutes at 02:00', /takes no `on` and no `at`$/],
    ['incremental: daily', 'incremental: daily at 2:30', /has the time `2:30`; write hours and minutes, as in 02:30$/],
    ['incremental: daily', 'incremental: daily at 24:00', /has the time `24:00`/],
    ['incremental: daily', 'incremental: daily on monday', /is daily, so it takes no `on`$/],
    ['incremental: daily', 'incremental: daily at', /has the time ``/],
    ['incremental: daily', 'incremental: daily at night time', /has words too many: `time`/],
    ['incremental: daily', 'incremental: monthly on 31', /write a day that every month has, 1 to 28$/],
    ['incremental: daily', 'incremental:', /`cadences.incremental` is empty$/],
    [
      'path: /srv/data',
      'path: /srv/data, cadences: { logs: 5 minutes }',
      /`sources\[0\].cadences.logs` asks for transaction logs/,
    ],
    [
      'path: /srv/data',
      'path: /srv/data, cadences: { full: never, incremental: never, change: never }',
      /`sources\[0\].cadences` would never be backed up: every cadence is `never`$/,
    ],
  ])('%s -> %s', (from, to, message) => {
    expect(mistakeOf(from, to)).toMatch(message);
  });
});

describe('sources and places', () => {
  test.each([
    ['id: db', 'id: data', /^10:11: `sources\[1\].id` is `data`, which `sources\[0\]` is called already$/],
    ['id: db', 'id: DATA', /which `sources\[0\]` is called already$/],
    ['id: db', 'id: node.db', /it may hold no dot/],
    ['id: db', 'id: "node db"', /is `node db`; it is to be letters/],
    ['id: db', 'id: ../db', /`sources\[1\].id`/],
    ['id: db', `id: ${'d'.repeat(51)}`, /is 51 characters long; 50 are the most$/],
    ['id: db', 'id:', /`sources\[1\].id` is empty$/],
    ['id: db, ', '', /^10:5: `sources\[1\]` has no `id`, which it needs$/],
    ['path: /srv/data', 'path: ""', /`sources\[0\].path` is empty$/],
    ['path: /srv/data', 'path: srv/data', /is `srv\/data`; it is to be absolute/],
    ['path: /srv/data', 'path: ~/data', /no shell is there to expand the ~/],
    ['path: /srv/data', 'path: /srv/data, exclude: []', /`sources\[0\].exclude` is an empty list$/],
    ['path: /srv/data', 'path: /srv/data, exclude: [""]', /`sources\[0\].exclude\[0\]` is empty$/],
    ['path: /srv/data', 'path: /srv/data, exclude: "*.tmp"', /`sources\[0\].exclude` is to be a list, not text$/],
    ['path: /srv/data', 'path: /srv/data, allowEmpty: yes', /is to be true or false, not text$/],
    ['path: /srv/data', 'path: /srv/data, on: [commit]', /write the event's source and detail type/],
    ['path: /srv/data', 'path: /var/vault/data', /`sources\[0\].path` lies in the vault \/var\/vault$/],
    ['path: /srv/data', 'path: /var', /holds the vault \/var\/vault, which would back itself up/],
    ['path: /srv/data', 'path: /srv/data, connection: x', /`sources\[0\]` has no key `connection`/],
    ['directory: /var/vault', 'directory: /', /is the root of the file system/],
    ['directory: /var/vault', 'directory: var/vault', /it is to be absolute/],
    [
      '{ directory: /var/vault }',
      '{ directory: /v, s3: { bucket: bbb, region: r } }',
      /names both a directory and a bucket/,
    ],
    ['{ directory: /var/vault }', '{ directry: /var/vault }', /did you mean `directory`\?/],
    ['{ directory: /var/vault }', '', /`vault.primary` is empty$/],
    [
      '{ s3: { bucket: small-vault, region: eu-west-1, prefix: tidemark } }',
      '{ directory: /var/vault/ }',
      /^6:7: `vault.replicas\[0\]` is the same place as `vault.primary`/,
    ],
    [
      '{ s3: { bucket: small-vault, region: eu-west-1, prefix: tidemark } }',
      '{ directory: /var/vault/b }',
      /lie one within the other$/,
    ],
    [
      'bucket: small-vault',
      'bucket: Small_Vault',
      /`vault.replicas\[0\].s3.bucket` is `Small_Vault`; a bucket's name is/,
    ],
    ['prefix: tidemark', 'prefix: /tidemark', /write folders such as/],
    ['prefix: tidemark', 'prefix: a/../b', /write folders such as/],
    ['ref: main', 'ref: -x', /is no branch, tag or commit|which is no branch/],
    ['ref: main', 'ref: "a..b"', /which is no branch, tag or commit$/],
    ['repository: /srv/code', 'repository: git@github.com:a/b.git', /reached over ssh, which is not in this version/],
    ['repository: /srv/code', 'repository: http://example.com/a.git', /begins with https:\/\/$/],
    ['topic: alerts', 'topic: "my alerts"', /neither the name of an SNS topic nor its ARN$/],
    ['topic: alerts', 'webhook: example.com', /begins with https:\/\/ or http:\/\/$/],
    ['{ topic: alerts }', '{}', /`alerts` is empty$/],
    ['plan: small', 'plan: [small]', /`plan` is to be text, not a list$/],
    ['plan: small', 'plan: 7', /`plan` is to be text, not the number 7$/],
    ['plan: small', 'plan: a b', /`plan` is to be 80 characters at most/],
  ])('%s -> %s', (from, to, message) => {
    expect(mistakeOf(from, to)).toMatch(message);
  });

  test('no sources at all', () => {
    expect(refusalOf(good.replace(/^sources:\n( {2}-.*\n)+/m, 'sources: []\n')).message).toMatch(
      /`sources` is an empty list$/,
    );
    expect(refusalOf(good.replace(/^sources:\n( {2}-.*\n)+/m, '')).message).toMatch(
      /the plan has no `sources`, which it needs$/,
    );
  });

  test('two replicas in one bucket are told apart by their prefixes, and only by whole folders', () => {
    const replica = (prefix: string) =>
      `    - { s3: { bucket: small-vault, region: eu-west-1, prefix: ${prefix} } }\n  sealing`;
    expect(() => parsePlan(good.replace('  sealing', replica('tidemark-2')), 'plan.yml')).not.toThrow();
    expect(mistakeOf('  sealing', replica('tidemark/'))).toMatch(/same place as `vault.replicas\[0\]`/);
    expect(mistakeOf('  sealing', replica('tidemark/b'))).toMatch(/lie one within the other/);
  });

  test('a source may hold the vault where it excludes it by its path', () => {
    const whole = (exclude: string) => good.replace('path: /srv/data', `path: /, exclude: [${exclude}]`);
    for (const pattern of ['/var/vault', 'var/vault/', 'var/vault/**', '/var']) {
      expect(() => parsePlan(whole(`"${pattern}"`), 'plan.yml')).not.toThrow();
    }
    for (const pattern of ['/var/vault2', '*.tmp', '/'])
      expect(refusalOf(whole(`"${pattern}"`)).message).toMatch(/would back itself up/);
  });
});

describe('what this version does not have says so', () => {
  test.each([
    [
      '{ directory: /var/vault }',
      '{ gcs: { bucket: x } }',
      /Google Cloud Storage \(gcs\) is not in this version; use s3 or directory$/,
    ],
    ['{ directory: /var/vault }', '{ azure: { container: x } }', /Azure Blob Storage \(azure\) is not in this version/],
    ['sealing: none', 'sealing: kms', /keys of AWS KMS are not in this version; use none or passphrase$/],
  ])('%s -> %s', (from, to, message) => {
    expect(mistakeOf(from, to)).toMatch(message);
  });
});

describe('what is not YAML, or is YAML and no plan', () => {
  test.each([
    ['', /^plan.yml:1:1: the plan is empty$/],
    ['# nothing\n', /the plan is empty$/],
    ['small', /the plan is to be a section, not text$/],
    ['plan: a\nplan: b', /^plan.yml:2:1: this key stands here for the second time$/],
    ['plan: a\n\tvault: b', /^plan.yml:2:1: a tab is not allowed here; indent with spaces$/],
    ['plan: a\n---\nplan: b', /a second document begins here/],
    ['plan: *a', /^plan.yml:1:7: no anchor of this name stands before this alias$/],
    ['plan: !secret a', /^plan.yml:1:7: this tag \(!\.\.\.\) means nothing in a plan$/],
    ['? [plan]\n: a', /this key is not a word$/],
    [
      'plan: "a',
      /^plan.yml:1:9: something is missing here: a colon, a comma, or what closes a quote, brace or bracket$/,
    ],
    ['plan: a\n  hunter2: b', /^plan.yml:1:7: a second key stands on this line/],
    ['plan: { a, b: "hunter2"\nc: hunter2 }\nd', /^plan.yml:(?!.*hunter2)/],
    ['plan: ] a: hunter2 } {', /^plan.yml:1:7: this does not belong here;/],
    ['{ pass word hunter2 }', /^plan.yml:1:3: the plan has something here that is no key; it knows/m],
    ['%YAML 1.1\n---\nplan: a', /leave out `%YAML 1.1`/],
    [
      'a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c]',
      /aliases/,
    ],
  ])('%j', (text, message) => {
    expect(refusalOf(text).message).toMatch(message);
  });
});

describe('the refusal as a whole', () => {
  const error = refusalOf(
    good
      .replace('Europe/Rome', 'Mars/Olympus')
      .replace('7 days', '0 days')
      .replace('kind: git', 'kind: gti')
      .replace('topic', 'topci'),
  );

  test('lists every mistake, by line', () => {
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe('plan.yml has 4 mistakes');
    expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual([
      'plan.yml:2:11:',
      'plan.yml:11:23:',
      'plan.yml:13:21:',
      'plan.yml:14:11:',
    ]);
  });

  test('says what to do, and carries the mistakes as data', () => {
    expect(error.hint).toBe('Correct them; until then nothing of the plan is used.');
    expect(error.context.mistakes).toHaveLength(4);
    expect(error.context.mistakes).toContainEqual({
      line: 11,
      column: 23,
      what: '`sources[2].kind` is `gti`, which is not one of files, postgres, git, rds',
      nearest: 'git',
    });
    expect(error.exitCode).toBe(65);
  });
});

test('E10 no mistake shows a password, wherever the connection has slipped to and whatever else is wrong', () => {
  const secret = 'hunter2';
  const urls = [
    `postgres://ada:${secret}@db/x`,
    `https://${secret}@git.example/x`,
    `host=db password=${secret}`,
    `user=ada;pw:${secret}`,
    `ada:${secret}@db/x`,
    `postgres://ada:a ${secret}@db/x`,
  ];
  const leaves = [
    'small',
    'Europe/Rome',
    '/var/vault',
    'small-vault',
    'eu-west-1',
    'tidemark',
    'none',
    'files',
    '/srv/data',
    'weekly',
    '7 days',
    'main',
    'alerts',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...leaves),
      fc.constantFrom(...urls),
      fc.nat(good.length),
      fc.constantFrom('', '"', '{', '\n', '@', '\t', '&', ' '),
      (leaf, url, at, noise) => {
        const slipped = good.replace(leaf, `"${url}"`);
        for (const text of [
          slipped,
          good.slice(0, at) + noise + good.slice(at),
          slipped.slice(0, at) + noise + slipped.slice(at),
        ]) {
          try {
            parsePlan(text, 'plan.yml');
          } catch (error) {
            if (!isTidemarkError(error, 'PlanInvalid')) throw error;
            expect(
              `${error.message} ${error.hint} ${JSON.stringify(error.context)} ${String(error.cause)}`,
            ).not.toContain(secret);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('whatever is cut off, doubled or replaced, a plan is taken or refused, and never breaks the reader', () => {
  const tokens = good.split(/(?<=[\s{}[\]:,])/);
  fc.assert(
    fc.property(
      fc.nat(tokens.length - 1),
      fc.nat(tokens.length),
      fc.constantFrom('', 'null', '{}', '[]', '0', '- ', '? ', '|', '!!int x', '*a', '<<'),
      (from, to, instead) => {
        const text = [...tokens.slice(0, from), instead, ...tokens.slice(to)].join('');
        try {
          parsePlan(text, 'plan.yml');
        } catch (error) {
          if (!isTidemarkError(error, 'PlanInvalid')) throw error;
          expect(error.message).not.toMatch(/undefined|\[object|NaN:/);
        }
      },
    ),
    { numRuns: 500 },
  );
});
