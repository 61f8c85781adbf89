import { once } from 'node:events';
import { createServer, connect as open, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Wire } from '../../../../src/sources/postgres/replication/wire.ts';

const opened: { destroy?(): void; close?(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) (one.destroy ?? one.close)?.call(one);
});

/** Both ends of a connection on this machine. */
async function pair(): Promise<{ wire: Wire; ours: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const coming = once(server, 'connection') as Promise<[Socket]>;
  const ours = open((server.address() as { port: number }).port, '127.0.0.1');
  const [far] = await coming;
  await once(ours, 'connect').catch(() => {});
  far.setNoDelay(true);
  opened.push(ours, far, server);
  return { wire: new Wire(ours), ours, far };
}

function message(type: string, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

test('messages are the same however the bytes arrive', async () => {
  const sent = [message('d', ''), message('D', 'two'), message('d', 'x'.repeat(70_000)), message('Z', 'I')];
  const bytes = Buffer.concat(sent);
  for (const size of [1, 4, 5, 6, 7, 4096, bytes.length]) {
    const { wire, far } = await pair();
    const got = (async () => {
      const messages = [];
      for (const _ of sent) messages.push((await wire.next())!);
      return messages;
    })();
    const slow = size < 4096 ? bytes.subarray(0, 64) : bytes;
    for (let at = 0; at < slow.length; at += size) {
      far.write(slow.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve)); // so that the pieces do not travel as one
    }
    far.write(bytes.subarray(slow.length));
    expect((await got).map(({ type, body }) => message(type, body))).toEqual(sent);
  }
});

test('who takes nothing holds the sender back', async () => {
  const { wire, ours, far } = await pair();
  const piece = message('d', Buffer.alloc(64 * 1024, 7));
  let [written, taken] = [0, 0];
  // until the kernel's buffers are full, too, and stay so
  while (written < 400 && !(far.writableLength > 4 * 1024 * 1024)) {
    far.write(piece);
    written += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(ours.isPaused()).toBe(true);
  expect(ours.bytesRead).toBeLessThan(4 * 1024 * 1024);
  while (taken < written) {
    expect((await wire.next())?.body.length).toBe(64 * 1024);
    taken += 1;
  }
});

test('silence is told apart from the end', async () => {
  const { wire, far } = await pair();
  expect(await wire.next(20)).toBeUndefined();
  far.write(message('N', 'late'));
  expect((await wire.next(5000))?.type).toBe('N');
  far.destroy();
  await expect(wire.next()).rejects.toThrow(/closed|ECONNRESET/);
  await expect(wire.next(20)).rejects.toThrow(/closed|ECONNRESET/);
});

test('what came before the end is still handed out', async () => {
  const { wire, far } = await pair();
  far.end(Buffer.concat([message('d', 'last'), Buffer.from('d\0\0')]));
  expect((await wire.next())?.body.toString()).toBe('last');
  await expect(wire.next()).rejects.toThrow('the server closed the connection');
});

test('what is no message is not waited for', async () => {
  const { wire, far } = await pair();
  far.write('HTTP/1.1 400 Bad Request\r\n\r\n');
  await expect(wire.next()).rejects.toThrow('begins no message');
});
