/** `node local/rds/main.ts` as a person starts it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';

test('says where it is, answers there, and ends when asked to', async () => {
  const child = spawn(process.execPath, ['local/rds/main.ts', '--speed', '600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  try {
    let endpoint = '';
    for await (const line of createInterface({ input: child.stdout })) {
      endpoint = /^export AWS_ENDPOINT_URL_RDS=(.*)$/.exec(line)?.[1] ?? '';
      if (endpoint !== '') break;
    }
    const client = new RDSClient({ region: 'eu-west-1', endpoint, maxAttempts: 1 });
    const { DBInstances } = await client.send(new DescribeDBInstancesCommand({}));
    expect(DBInstances).toMatchObject([{ DBInstanceIdentifier: 'node-network', DBInstanceStatus: 'available' }]);
    client.destroy();
  } finally {
    child.kill('SIGTERM');
  }
  expect((await ended)[0]).toBe(0);
});
