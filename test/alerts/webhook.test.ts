import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { webhookAlerts } from '../../src/alerts/webhook.ts';
import { sample } from './sample.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Posted {
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function hook(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      posted.push({ method: request.method, headers: request.headers, body });
      answer(response, request);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { posted, host, url: `http://${host}/services/T0/S3CRET` };
}

const webhook = (url: string, timeout = 5_000) => webhookAlerts({ url, plan: 'node-network', timeout });

describe('delivery', () => {
  test('posts JSON with a text for chats and the alert for programs', async () => {
    const { posted, url } = await hook((response) => response.end('ok'));
    await webhook(url).send(sample);
    expect(posted).toHaveLength(1);
    expect(posted[0]?.method).toBe('POST');
    expect(posted[0]?.headers['content-type']).toBe('application/json; charset=utf-8');
    const body = JSON.parse(posted[0]?.body ?? '');
    expect(body).toMatchObject({ plan: 'node-network', alert: sample });
    expect(body.subject).toBe('node-network CRITICAL: user-data was not backed up');
    expect(body.text).toMatch(/^node-network CRITICAL: user-data was not backed up\n\n/);
    expect(body.text).toContain('Next action:        Check that the volume is mounted');
  });

  test('a file name cannot call everybody in a chat', async () => {
    const { posted, url } = await hook((response) => response.end());
    await webhook(url).send({ ...sample, what: 'cannot read <!channel> & co' });
    expect(JSON.parse(posted[0]?.body ?? '').text).toContain('cannot read &lt;!channel&gt; &amp; co');
  });

  test('a password in the alert does not leave', async () => {
    const { posted, url } = await hook((response) => response.end());
    await webhook(url).send({ ...sample, what: 'postgres://u:hunter2@db/x' });
    expect(posted[0]?.body).not.toContain('hunter2');
  });

  test('a user and password in the address become an authorization header', async () => {
    const { posted, host } = await hook((response) => response.end());
    await webhook(`http://user:p%40ss@${host}/x`).send(sample);
    expect(posted[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });
});

describe('a failed delivery is AlertUndelivered and keeps the address secret', () => {
  const refusal = async (url: string, timeout?: number) => {
    const error = await webhook(url, timeout)
      .send(sample)
      .then(
        () => undefined,
        (thrown) => thrown,
      );
    expect(error).toMatchObject({ name: 'AlertUndelivered', retry: 'later', context: { trouble: 'backup/user-data' } });
    expect(JSON.stringify([error.message, error.hint, error.context])).not.toContain('S3CRET');
    return error;
  };

  test.each([
    [500, 'Send the alert again later'],
    [429, 'Send the alert again later'],
    [404, 'nothing takes alerts there any more'],
    [403, 'Check the credentials'],
    [400, 'Check what the other side expects'],
  ])('status %i', async (status, hint) => {
    const { url, host } = await hook((response, request) => response.writeHead(status).end(`no POST\n${request.url}`));
    const error = await refusal(url);
    expect(error.message).toBe(
      `webhook:${host} did not take the alert "user-data was not backed up": it answered ${status} (no POST /...)`,
    );
    expect(error.hint).toContain(hint);
  });

  test('a redirect is not followed: the alert would be lost on the way', async () => {
    const { url, posted } = await hook((response) => response.writeHead(302, { location: '/elsewhere' }).end());
    expect((await refusal(url)).message).toContain('it answered 302');
    expect(posted).toHaveLength(1);
  });

  test('no answer in time', async () => {
    const { url } = await hook(() => {});
    expect((await refusal(url, 100)).message).toContain('no answer within 100 ms');
  });

  test('an answer that never ends is read no further than needed', async () => {
    const { url } = await hook((response) => {
      response.writeHead(503);
      const pour = (): boolean =>
        !response.destroyed && response.write('busy '.repeat(1_000), () => setImmediate(pour));
      pour();
    });
    expect((await refusal(url)).message).toMatch(/it answered 503 \(busy busy/);
  });

  test('connection refused', async () => {
    const { url } = await hook(() => {});
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    expect((await refusal(url)).message).toContain('ECONNREFUSED');
  });

  test('connection dropped', async () => {
    const { url } = await hook((response) => response.destroy());
    expect((await refusal(url)).message).toMatch(/did not take the alert .*: \S+/);
  });

  test('a name that does not exist', async () => {
    const error = await refusal('http://hooks.tidemark.invalid/services/S3CRET');
    expect(error.message).toMatch(/^webhook:hooks\.tidemark\.invalid did not take .*: (ENOTFOUND|EAI_AGAIN)$/);
    expect(error.hint).toBe('Check the address of the webhook, and that it can be reached from here.');
  });
});

test.each(['hooks.example.com/x', 'ftp://example.com', ''])('"%s" is no webhook', (url) => {
  expect(() => webhook(url)).toThrow(expect.objectContaining({ name: 'PlanInvalid' }));
});
