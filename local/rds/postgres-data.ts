/**
 * Real PostgreSQL behind the instances of the fake: a snapshot has a copy of the data directory, taken from a server that was
 * stopped cleanly for a moment, and a restore starts a server on such a copy, on 127.0.0.1. All of them end with `close`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '../../src/core/random.ts';
import { type RunningPostgres, startPostgres } from '../postgres/server.ts';
import type { DataPlane } from './world.ts';

export class PostgresData implements DataPlane {
  readonly #folder: string;
  /** One for all, as copies keep the roles of their original. */
  readonly #password = systemRandom.bytes(18).toString('base64url');
  readonly #servers = new Map<string, RunningPostgres>();
  readonly #superuser: string;
  #count = 0;

  /** `folder` is made when it is not there; PostgreSQL's account has to be able to enter it. */
  constructor(folder: string, superuser = 'master') {
    this.#folder = folder;
    this.#superuser = superuser;
  }

  /** A new, empty database with a server, for an instance that is furnished with it. */
  async create(): Promise<{ readonly data: string; readonly address: string; readonly port: number }> {
    const data = this.#name();
    return { data, ...(await this.start(data)) };
  }

  async copy(data: string): Promise<string> {
    const copy = this.#name();
    const running = this.#servers.get(data);
    await this.stop(data);
    await run('cp', ['-a', this.#path(data), this.#path(copy)]);
    if (running !== undefined) await this.#launch(data, running.port);
    return copy;
  }

  async start(data: string): Promise<{ readonly address: string; readonly port: number }> {
    const { port } = this.#servers.get(data) ?? (await this.#launch(data));
    return { address: '127.0.0.1', port };
  }

  async stop(data: string): Promise<void> {
    await this.#servers.get(data)?.stop();
    this.#servers.delete(data);
  }

  async remove(data: string): Promise<void> {
    await this.stop(data);
    await rm(this.#path(data), { recursive: true, force: true });
  }

  /** As superuser; where the server of `data` listens. */
  url(data: string, database = 'postgres'): string {
    const server = this.#servers.get(data);
    if (server === undefined) throw new Error(`no server runs on ${data}`);
    return server.urlOf(database);
  }

  /** As superuser, of whatever listens at an endpoint that the fake told. */
  urlAt(port: number, database = 'postgres'): string {
    return `postgres://${this.#superuser}:${this.#password}@127.0.0.1:${port}/${database}`;
  }

  async close(): Promise<void> {
    for (const data of [...this.#servers.keys()]) await this.stop(data);
  }

  async #launch(data: string, port?: number): Promise<RunningPostgres> {
    const server = await startPostgres({
      dataDirectory: this.#path(data),
      superuser: this.#superuser,
      password: this.#password,
      ...(port === undefined ? {} : { port }),
    });
    this.#servers.set(data, server);
    return server;
  }

  #name(): string {
    this.#count += 1;
    return `data-${this.#count}`;
  }

  #path(data: string): string {
    return join(this.#folder, data);
  }
}

async function run(program: string, parameters: readonly string[]): Promise<void> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}
