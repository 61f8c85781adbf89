/**
 * RDS on 127.0.0.1, for the real SDK to talk to: the AWS Query protocol, every region and account at one address, states that
 * take their time, quotas, throttling, and the service's rules as its documentation states them (the page is named at each
 * rule). What it does not know it refuses. It does not check signatures. Time is the clock that it is given.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { type Chances, Faults, type RequestTrouble, type Trouble } from './faults.ts';
import { perform } from './operation.ts';
import { operations } from './operations/index.ts';
import { type Place, Places, type RdsEvent } from './place.ts';
import { Setting } from './setting.ts';
import { type Rate, Throttle } from './throttle.ts';
import type { Durations } from './time/durations.ts';
import { answerXml, refusalXml } from './wire/answer.ts';
import { Input } from './wire/input.ts';
import { Refusal, refuse } from './wire/refusal.ts';
import { type DataPlane, type Quotas, type Transition, World } from './world.ts';

export interface RdsOptions {
  readonly clock?: Clock;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Of durations and ids; the chances of trouble have their own. */
  readonly seed?: number;
  /** The account of every access key that `accounts` does not name. */
  readonly account?: string;
  readonly accounts?: Readonly<Record<string, string>>;
  /** No page is longer, whatever is asked for. */
  readonly pageSize?: number;
  /** Before every page comes an empty one that says there is more. */
  readonly emptyPages?: boolean;
  readonly quotas?: Partial<Quotas>;
  readonly durations?: Partial<Durations>;
  readonly throttle?: Rate;
  readonly chances?: Chances;
  /** Of a snapshot that exists and an instance that is busy, tell of the latter. */
  readonly stateFirst?: boolean;
  readonly dataPlane?: DataPlane;
}

export interface SeenRequest {
  readonly at: Date;
  readonly region: string;
  readonly account: string;
  readonly operation: string;
  /** The identifiers in it. */
  readonly subject: string;
  /** `ok`, the code of the refusal, or the kind of trouble. */
  outcome: string;
}

export class RdsServer {
  readonly requests: SeenRequest[] = [];
  readonly places: Places;
  readonly faults: Faults;
  readonly #world: World;
  readonly #options: RdsOptions;
  readonly #throttle: Throttle | undefined;
  readonly #server: Server;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: RdsOptions) {
    this.#options = options;
    this.faults = new Faults(options.chances);
    this.#world = new World({
      clock: options.clock ?? systemClock,
      seed: options.seed ?? 1,
      durations: options.durations ?? {},
      quotas: options.quotas ?? {},
      faults: this.faults,
      stateFirst: options.stateFirst,
      dataPlane: options.dataPlane,
    });
    this.places = new Places(this.#world);
    this.#throttle = options.throttle && new Throttle(options.throttle);
    this.#server = createServer((request, response) => {
      this.#receive(request, response).catch((error: Error) => response.destroy(error));
    });
  }

  static async start(options: RdsOptions): Promise<RdsServer> {
    const server = new RdsServer(options);
    await new Promise<void>((resolve) => server.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  place(region: string, account = this.#account): Setting {
    return new Setting(this.places.at(region, account));
  }

  get #account(): string {
    return this.#options.account ?? '123456789012';
  }

  inject(trouble: Trouble): void {
    this.faults.inject(trouble);
  }

  requireAllFired(): void {
    this.faults.requireAllFired();
  }

  count(operation?: string): number {
    return this.requests.filter((request) => operation === undefined || request.operation === operation).length;
  }

  get transitions(): readonly Transition[] {
    return this.#world.transitions;
  }

  /** What EventBridge would deliver, as it happens. */
  onEvent(hear: (event: RdsEvent, place: Place) => void): void {
    this.places.listeners.push(hear);
  }

  /** Lets happen what is due by the clock. Every request does so first. */
  async settle(): Promise<void> {
    await this.#inTurn(() => this.#world.timeline.passUntil(this.#world.now()));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** One thing after the other: what takes real time (a server that starts) is over before the next request is looked at. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act, act);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    await this.#inTurn(() => this.#answer(request, response, body));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const caller = this.#caller(request);
    if (caller === undefined) {
      const refusal = new Refusal('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
      response.writeHead(403, { 'content-type': 'text/xml' }).end(refusalXml(refusal, this.#requestId()));
      return;
    }
    const { region, account } = caller;
    const form = new URLSearchParams(body);
    const operation = form.get('Action') ?? '';
    const subject = [...form]
      .filter(([name]) => /Identifier|Arn|ResourceName/.test(name))
      .map(([, value]) => value.toLowerCase());
    const seen: SeenRequest = {
      at: this.#world.now(),
      region,
      account,
      operation,
      subject: subject.join(' '),
      outcome: 'ok',
    };
    this.requests.push(seen);
    const trouble = this.faults.ofRequest(operation, region, seen.subject);
    if (trouble !== undefined) seen.outcome = trouble.kind;
    if (trouble?.kind === 'drop') return void request.socket.destroy();
    if (trouble?.kind === 'hang') return;
    if (trouble?.kind === 'garbage') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please sign in to this network');
      return;
    }
    if (trouble?.kind === 'delay') await this.#world.clock.sleep(trouble.milliseconds);
    await this.#world.timeline.passUntil(this.#world.now());
    const requestId = this.#requestId();
    const [status, xml] = this.#perform(seen, trouble, body, requestId);
    // What the request began at once is over before its answer goes out.
    await this.#world.timeline.passUntil(this.#world.now());
    if (trouble?.kind === 'lost-answer') return void request.socket.destroy();
    response.writeHead(status, {
      'content-type': 'text/xml',
      'x-amzn-requestid': requestId,
      'content-length': Buffer.byteLength(xml),
    });
    if (trouble?.kind === 'cut') {
      response.write(xml.slice(0, xml.length / 2), () => request.socket.destroy());
      return;
    }
    response.end(xml);
  }

  #perform(seen: SeenRequest, trouble: RequestTrouble | undefined, body: string, requestId: string): [number, string] {
    try {
      const now = this.#world.now();
      if (this.#throttle?.admits(`${seen.account} ${seen.region}`, now) === false)
        refuse('Throttling', 'Rate exceeded');
      if (trouble?.kind === 'error') {
        refuse(trouble.code, trouble.message ?? 'injected', trouble.status ?? 400);
      }
      const input = new Input(body);
      const paging = { most: this.#options.pageSize ?? 100, emptyPages: this.#options.emptyPages ?? false };
      const place = this.places.at(seen.region, seen.account);
      const result = perform(operations, { input, place, now, paging });
      return [200, answerXml(input.action, result, requestId)];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (seen.outcome === 'ok' || seen.outcome === 'error') seen.outcome = error.code;
      return [error.status, refusalXml(error, requestId)];
    }
  }

  /** The scope of the credential says which region is asked: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
  #caller(request: IncomingMessage): { region: string; account: string } | undefined {
    const scope = /Credential=([^/,]+)\/\d{8}\/([^/]+)\/rds\/aws4_request/.exec(request.headers.authorization ?? '');
    if (scope === null) return undefined;
    const [, key = '', region = ''] = scope;
    return { region, account: this.#options.accounts?.[key] ?? this.#account };
  }

  #requestId(): string {
    const hex = Array.from({ length: 4 }, () => this.#world.random.next().toString(16).padStart(8, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

export const startRds = (options: RdsOptions = {}): Promise<RdsServer> => RdsServer.start(options);
