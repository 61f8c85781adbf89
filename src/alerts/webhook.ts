/**
 * Alerts as JSON posted to a URL: `{text, plan, subject, alert}`. Chat hooks compatible with Slack show `text`; programs
 * read `alert`. Anything but a 2xx answer in time is a failure. The URL is a secret: only its host is ever shown.
 */
import { errnoOf, fail } from '../core/errors.ts';
import { redact } from '../core/log.ts';
import type { Alert, AlertPort } from './port.ts';
import { alertBody, alertSubject, printable, withinBytes } from './text.ts';

/** Chats cut longer messages themselves, without saying so. */
const textLimit = 12_000;
const answerLimit = 200;

export interface WebhookAlertsOptions {
  /** `http:` or `https:`; a user and password in it become a basic authorization header. */
  readonly url: string;
  readonly plan: string;
  /** Milliseconds until the answer has to be there. */
  readonly timeout?: number;
}

export function webhookAlerts({ url, plan, timeout = 10_000 }: WebhookAlertsOptions): AlertPort {
  const target = checkUrl(url);
  const name = `webhook:${target.host}`;
  return {
    name,
    async send(alert) {
      const refuse = (reason: string, hint: string, cause?: unknown): never =>
        fail('AlertUndelivered', `${name} did not take the alert "${alert.subject}": ${reason}`, {
          hint,
          context: { path: name, trouble: alert.trouble, reason },
          cause,
        });
      const signal = AbortSignal.timeout(timeout);
      const answer = await post(target, payload(alert, plan), signal).catch((error: unknown) =>
        refuse(
          unreached(error, timeout),
          'Check the address of the webhook, and that it can be reached from here.',
          error,
        ),
      );
      const words = await beginningOf(answer, target);
      if (!answer.ok) refuse(`it answered ${answer.status}${words && ` (${words})`}`, hintFor(answer.status));
    },
  };
}

function checkUrl(url: string): URL {
  const target = URL.parse(url);
  if (target && /^https?:$/.test(target.protocol)) return target;
  return fail('PlanInvalid', 'the webhook for alerts is not an http or https address', {
    hint: 'Write it in full, as in https://hooks.example.com/services/...',
  });
}

async function post(target: URL, body: string, signal: AbortSignal): Promise<Response> {
  const { username, password } = target;
  const address = new URL(target);
  address.username = address.password = '';
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...(username === '' && password === '' ? {} : { authorization: `Basic ${credentials}` }),
  };
  // A redirected POST would arrive as a GET without the alert, and be answered with 200.
  return fetch(address, { method: 'POST', headers, body, signal, redirect: 'manual' });
}

function payload(alert: Alert, plan: string): string {
  const subject = alertSubject(alert, plan);
  const text = withinBytes(`${subject}\n\n${alertBody(alert, plan)}`, textLimit);
  return JSON.stringify({ text: escapeMarkup(text), plan, subject, alert: redact(alert) });
}

/** In Slack's markup `<!channel>` calls everybody; a file name must not be able to. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function unreached(error: unknown, timeout: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeout} ms`;
  const cause = (error as Error).cause ?? error;
  return errnoOf(cause) ?? printable((cause as Error).message ?? String(cause));
}

/** The first words of the answer, which often say what is wrong; some servers repeat the secret path, we do not. */
async function beginningOf(answer: Response, target: URL): Promise<string> {
  let bytes = Buffer.alloc(0);
  try {
    for await (const chunk of answer.body ?? []) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= 4 * answerLimit) break;
    }
  } catch {
    // The status has arrived and decides; the words were a courtesy.
  }
  const secret = target.pathname + target.search;
  const shown = printable(bytes.toString('utf8')).replace(/\s+/g, ' ').trim();
  return (secret.length > 1 ? shown.replaceAll(secret, '/...') : shown).slice(0, answerLimit);
}

function hintFor(status: number): string {
  if (status >= 300 && status < 400) return 'Put the address that it redirects to into the plan.';
  if (status === 401 || status === 403) return 'Check the credentials in the address of the webhook.';
  if (status === 404 || status === 410) return 'Check the address of the webhook: nothing takes alerts there any more.';
  if (status === 429 || status >= 500) return 'Send the alert again later: the other side has a problem of its own.';
  return 'Check what the other side expects: it refused the alert as it is.';
}
