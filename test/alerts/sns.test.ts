import { createServer } from 'node:net';
import { SNSClient } from '@aws-sdk/client-sns';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { snsAlerts } from '../../src/alerts/sns.ts';
import { sample } from './sample.ts';

let server: FauxqsServer;
let client: SNSClient;
let topicArn: string;

interface Envelope {
  readonly Subject: string;
  readonly Message: string;
  readonly TopicArn: string;
  readonly MessageAttributes: Record<string, { Type: string; Value: string }>;
}

function received(queue: string): Envelope[] {
  return (server.inspectQueue(queue)?.messages.ready ?? []).map(({ body }) => JSON.parse(body) as Envelope);
}

beforeAll(async () => {
  server = await startFauxqs({ port: 0, logger: false, defaultRegion: 'eu-west-1' });
  client = new SNSClient({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${server.port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  topicArn = server.createTopic('alerts').topicArn;
  for (const [queue, policy] of Object.entries({
    everything: undefined,
    critical: { severity: ['critical'] },
    'critical-open-of-database': { severity: ['critical'], state: ['open'], source: ['node-network-db'] },
    'of-no-source': { source: [{ exists: false }] },
  })) {
    server.createQueue(queue);
    server.subscribe({
      topic: 'alerts',
      queue,
      ...(policy && { attributes: { FilterPolicy: JSON.stringify(policy) } }),
    });
  }
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});
beforeEach(() => server.reset());

const port = (arn = topicArn) => snsAlerts({ client, topicArn: arn, plan: 'node-network' });

describe('delivery', () => {
  test('subject, body and attributes arrive in the queue of a subscriber', async () => {
    await port().send(sample);
    const [message, ...more] = received('everything');
    expect(more).toEqual([]);
    expect(message?.Subject).toBe('node-network CRITICAL: user-data was not backed up');
    expect(message?.Message).toContain('Next action:        Check that the volume is mounted');
    expect(message?.MessageAttributes).toEqual({
      severity: { Type: 'String', Value: 'critical' },
      kind: { Type: 'String', Value: 'failure' },
      source: { Type: 'String', Value: 'user-data' },
      state: { Type: 'String', Value: 'open' },
      plan: { Type: 'String', Value: 'node-network' },
    });
  });

  test('filter policies choose by severity, state and source', async () => {
    await port().send({ ...sample, severity: 'warning' });
    await port().send(sample);
    await port().send({ ...sample, source: 'node-network-db', subject: 'database' });
    await port().send({ ...sample, source: 'node-network-db', state: 'resolved' });
    const { source, ...sourceless } = sample;
    await port().send({ ...sourceless, subject: `not about ${source}`, severity: 'info' });
    expect(received('everything')).toHaveLength(5);
    expect(received('critical')).toHaveLength(3);
    expect(received('critical-open-of-database').map(({ Subject }) => Subject)).toEqual([
      'node-network CRITICAL: database',
    ]);
    expect(received('of-no-source').map(({ Subject }) => Subject)).toEqual(['node-network INFO: not about user-data']);
  });

  test('an alert far larger than SNS takes arrives cut, its beginning whole', async () => {
    await port().send({ ...sample, trouble: '\u{1F30A}'.repeat(100_000) });
    const [message] = received('everything');
    expect(Buffer.byteLength(message?.Message ?? '')).toBeLessThanOrEqual(256 * 1024);
    expect(message?.Message).toContain('Next action:        Check');
  });
});

describe('a failed delivery is AlertUndelivered', () => {
  test('topic that does not exist', async () => {
    await expect(port(`${topicArn}-gone`).send(sample)).rejects.toMatchObject({
      name: 'AlertUndelivered',
      retry: 'later',
      message: expect.stringMatching(/^sns:alerts-gone did not take the alert "user-data was not backed up": NotFound/),
      hint: 'Check that the topic exists in this region and account.',
      context: { path: 'sns:alerts-gone', trouble: 'backup/user-data' },
    });
  });

  test.each([
    ['AuthorizationError', 403, /sns:Publish/],
    ['KMSAccessDeniedException', 400, /kms:GenerateDataKey/],
    ['InvalidParameter', 400, /ARN/],
    ['InternalError', 500, /reached/],
  ])('%s of SNS', async (code, statusCode, hint) => {
    const failing = await answering(statusCode, errorXml(code));
    await expect(failing.send()).rejects.toMatchObject({
      name: 'AlertUndelivered',
      message: expect.stringContaining(code),
      hint: expect.stringMatching(hint),
    });
    await failing.close();
  });

  test('a proxy that answers 200 with something else', async () => {
    const failing = await answering(200, '<PublishResponse><PublishResult/></PublishResponse>');
    await expect(failing.send()).rejects.toMatchObject({ message: expect.stringContaining('without a message id') });
    await failing.close();
  });

  test('nobody listens', async () => {
    const failing = await answering(200, '');
    await failing.close();
    await expect(failing.send()).rejects.toMatchObject({
      name: 'AlertUndelivered',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('an endpoint that never answers', async () => {
    const failing = await answering(200, undefined);
    await expect(failing.send(150)).rejects.toMatchObject({
      message: expect.stringContaining('no answer within 150 ms'),
    });
    await failing.close();
  });
});

const errorXml = (code: string): string =>
  `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

/** A server that answers everything in the same way, or not at all. */
async function answering(status: number, body: string | undefined) {
  const sockets = new Set<import('node:net').Socket>();
  const raw = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      if (body === undefined) return;
      socket.end(
        `HTTP/1.1 ${status} x\r\ncontent-type: text/xml\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const { port: number } = raw.address() as { port: number };
  const failing = new SNSClient({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${number}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return {
    send: (timeout?: number) =>
      snsAlerts({ client: failing, topicArn, plan: 'p', ...(timeout && { timeout }) }).send(sample),
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        raw.close(() => resolve());
      }),
  };
}
