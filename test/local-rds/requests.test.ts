/** What happens to requests on their way: throttling, broken connections, lost answers, and mistakes of the caller. */
import {
  AddTagsToResourceCommand,
  CreateDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ListTagsForResourceCommand,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { type Given, given, minutes, refusal } from './given.ts';

async function withInstance(options: Parameters<typeof given>[0] = {}): Promise<Given> {
  const all = await given(options);
  all.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db1' });
  return all;
}

const list = () => new DescribeDBInstancesCommand({});
const snapshot = () => new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 'a', DBInstanceIdentifier: 'db1' });

describe('throttling', () => {
  test('so many at once, then so many a second, for each region', async () => {
    const { west, central, clock } = await withInstance({ throttle: { perSecond: 2, burst: 5 } });
    for (let at = 0; at < 5; at += 1) await west.send(list());
    expect(await refusal(west.send(list()))).toBe('Throttling: Rate exceeded');
    await central.send(list());
    await clock.sleep(500);
    await west.send(list());
    expect(await refusal(west.send(list()))).toBe('Throttling: Rate exceeded');
  });

  test('the SDK takes the code for what it is, and tries again', async () => {
    const { rds, client } = await withInstance();
    rds.inject({ operation: 'DescribeDBInstances', kind: 'error', code: 'Throttling', message: 'Rate exceeded' });
    expect((await client('eu-west-1', { maxAttempts: 2 }).send(list())).DBInstances).toHaveLength(1);
    expect(rds.requests.map(({ outcome }) => outcome)).toEqual(['Throttling', 'ok']);
  });

  test('a throttled request has no effect', async () => {
    const { rds, west } = await withInstance();
    rds.inject({ operation: 'CreateDBSnapshot', kind: 'error', code: 'ThrottlingException', message: 'Rate exceeded' });
    expect(await refusal(west.send(snapshot()))).toBe('ThrottlingException: Rate exceeded');
    expect(rds.place('eu-west-1').snapshots).toEqual([]);
  });
});

describe('connections', () => {
  test('one that breaks before anything is done', async () => {
    const { rds, west } = await withInstance();
    rds.inject({ operation: 'CreateDBSnapshot', kind: 'drop' });
    await expect(west.send(snapshot())).rejects.toThrow();
    expect(rds.place('eu-west-1').snapshots).toEqual([]);
  });

  test('one that breaks after everything is done: the snapshot is there, and asking again says so', async () => {
    const { rds, west } = await withInstance();
    rds.inject({ operation: 'CreateDBSnapshot', kind: 'lost-answer' });
    await expect(west.send(snapshot())).rejects.toThrow();
    expect(rds.place('eu-west-1').snapshot('a').Status).toBe('creating');
    expect(await refusal(west.send(snapshot()))).toMatch(/^DBSnapshotAlreadyExistsFault/);
  });

  test.each(['cut', 'garbage'] as const)('an answer that is %s is an error to the SDK', async (kind) => {
    const { rds, west } = await withInstance();
    rds.inject({ operation: 'DescribeDBInstances', kind });
    await expect(west.send(list())).rejects.toThrow();
    expect((await west.send(list())).DBInstances).toHaveLength(1);
  });

  test('no answer: the client has to give up by itself', async () => {
    const { rds, west } = await withInstance();
    rds.inject({ operation: 'DescribeDBInstances', kind: 'hang' });
    const controller = new AbortController();
    const call = west.send(list(), { abortSignal: controller.signal });
    while (rds.count() === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(call).rejects.toThrow(/abort/i);
  });

  test('a slow answer: time passes before the request is looked at', async () => {
    const { rds, west } = await withInstance();
    await west.send(snapshot());
    rds.inject({ operation: 'DescribeDBSnapshots', kind: 'delay', milliseconds: minutes(20) });
    const { DBSnapshots } = await west.send(new DescribeDBSnapshotsCommand({}));
    expect(DBSnapshots?.[0]?.Status).toBe('available');
  });
});

describe('injected trouble', () => {
  test('hits the request that it is meant for, as often as it says', async () => {
    const { rds, west, central } = await withInstance();
    rds.inject({
      operation: '*',
      kind: 'error',
      code: 'InternalFailure',
      status: 500,
      region: 'eu-west-1',
      after: 1,
      times: 2,
    });
    await central.send(list());
    await west.send(list());
    expect(() => rds.requireAllFired()).toThrow(/never happened/);
    expect(await refusal(west.send(list()))).toBe('InternalFailure: injected');
    expect(await refusal(west.send(list()))).toBe('InternalFailure: injected');
    await west.send(list());
    rds.requireAllFired();
  });

  test('by chance is the same for the same seed', async () => {
    const outcomes = async (seed: number) => {
      const { rds, west } = await withInstance({
        chances: { seed, throttled: 0.2, lostAnswer: 0.1, unavailable: 0.1 },
      });
      for (let at = 0; at < 60; at += 1) await west.send(list()).catch(() => {});
      return rds.requests.map(({ outcome }) => outcome);
    };
    const [one, again, other] = [await outcomes(7), await outcomes(7), await outcomes(8)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(new Set(one)).toEqual(new Set(['ok', 'Throttling', 'lost-answer', 'ServiceUnavailable']));
  });
});

describe('a caller who is wrong', () => {
  const post = async (url: string, body: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(url, { method: 'POST', body, headers });
    return `${answer.status} ${/<Code>(.*?)<\/Code>/.exec(await answer.text())?.[1]}`;
  };
  const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=a/20260302/eu-west-1/rds/aws4_request, Signature=0' };

  test('without a signature', async () => {
    const { rds } = await given();
    expect(await post(rds.url, 'Action=DescribeDBInstances')).toBe('403 MissingAuthenticationToken');
  });

  test.each([
    ['Version=2014-10-31', '400 MissingAction'],
    ['Action=DescribeDBInstances&Version=2010-01-01', '400 NoSuchVersion'],
    ['Action=DropEverything&Version=2014-10-31', '400 InvalidAction'],
    ['Action=CreateDBSnapshot&Version=2014-10-31', '400 MissingParameter'],
    ['Action=DescribeDBInstances&Version=2014-10-31&MaxRecords=many', '400 MalformedInput'],
    ['Action=CreateDBSnapshot&Version=2014-10-31&Colour=blue', '501 NotImplemented'],
  ])('%s', async (body, code) => {
    const { rds } = await given();
    expect(await post(rds.url, body, signed)).toBe(code);
  });
});

describe('tags', () => {
  const ResourceName = 'arn:aws:rds:eu-west-1:123456789012:db:db1';
  const tags = async ({ west }: Given) =>
    (await west.send(new ListTagsForResourceCommand({ ResourceName }))).TagList?.map(
      ({ Key, Value }) => `${Key}=${Value}`,
    );

  test('are added, replaced and removed', async () => {
    const all = await withInstance();
    const add = (Key: string, Value: string) =>
      all.west.send(new AddTagsToResourceCommand({ ResourceName, Tags: [{ Key, Value }] }));
    await add('a', '1');
    await add('b', '2');
    await add('a', '3');
    expect(await tags(all)).toEqual(['b=2', 'a=3']);
    await all.west.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['b', 'x'] }));
    expect(await tags(all)).toEqual(['a=3']);
    expect(await refusal(add('aws:x', '1'))).toMatch(/reserved prefix/);
  });

  test('of something that is not there, or elsewhere', async () => {
    const { west } = await withInstance();
    const of = (name: string) => refusal(west.send(new ListTagsForResourceCommand({ ResourceName: name })));
    expect(await of('arn:aws:rds:eu-west-1:123456789012:snapshot:x')).toMatch(/^DBSnapshotNotFoundFault/);
    expect(await of('arn:aws:rds:eu-central-1:123456789012:db:db1')).toMatch(/^InvalidParameterValue/);
    expect(await of('db1')).toMatch(/^InvalidParameterValue/);
  });
});
