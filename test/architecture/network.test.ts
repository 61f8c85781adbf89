/** The guard of `test/setup.ts`: tests stay on this machine. */
import http from 'node:http';
import net from 'node:net';
import { expect, test } from 'vitest';

test.each(['http://192.0.2.1/', 'https://example.com/', 'http://[2001:db8::1]/'])('%s is out of reach', async (url) => {
  const error = await fetch(url).catch((thrown: Error) => thrown);
  expect(String((error as Error).cause)).toContain('tests use 127.0.0.1 only');
});

test('neither do sockets get out, nor requests of node:http', () => {
  expect(() => net.connect(80, '192.0.2.1')).toThrow('tests use 127.0.0.1 only');
  expect(() => net.connect({ port: 80, host: 'example.com' })).toThrow('tests use 127.0.0.1 only');
  expect(() => http.get('http://example.com/')).toThrow('tests use 127.0.0.1 only');
});

test('this machine is in reach', async () => {
  const server = http.createServer((_request, response) => response.end('here'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('here');
  expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe('here');
  await new Promise((resolve) => server.close(resolve));
});
