/**
 * Runs before every test file: a connection that leaves this machine fails at once, so that a test which needs the
 * network can not pass here and fail elsewhere. Names under `.invalid`, which never exist, may be looked up.
 *
 * Properties are tried with the same values every time, so that a failure belongs to the change that is being tested. With
 * `TIDEMARK_TEST_SEED=random` (or a number) they look elsewhere.
 */
import net from 'node:net';
import fc from 'fast-check';

const seed = process.env.TIDEMARK_TEST_SEED ?? '1';
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });

const here = new Set(['127.0.0.1', '::1', 'localhost', '0.0.0.0']);

function hostOf(target: unknown, host: unknown): string | undefined {
  const first = Array.isArray(target) ? target[0] : target;
  if (typeof first === 'object' && first !== null) {
    const { host: name, path } = first as { host?: string; path?: string };
    return path ? undefined : (name ?? 'localhost');
  }
  if (typeof first === 'string' && Number.isNaN(Number(first))) return undefined; // a Unix socket
  return typeof host === 'string' ? host : 'localhost';
}

const connect = net.Socket.prototype.connect as (this: net.Socket, ...parameters: unknown[]) => net.Socket;

net.Socket.prototype.connect = function (this: net.Socket, ...parameters: unknown[]): net.Socket {
  const [target, second] = parameters;
  const host = hostOf(target, Array.isArray(target) ? target[1] : second);
  if (host !== undefined && !here.has(host) && !host.endsWith('.localhost') && !host.endsWith('.invalid')) {
    throw new Error(`a test tried to reach ${host}: tests use 127.0.0.1 only`);
  }
  return connect.apply(this, parameters);
};
