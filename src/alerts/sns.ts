/**
 * Alerts through an SNS topic. Subscribers choose by message attributes (`severity`, `kind`, `source`, `state`, `plan`)
 * in their filter policies; people by e-mail get the plain text as it is.
 */
import { PublishCommand, type PublishCommandOutput, type SNSClient } from '@aws-sdk/client-sns';
import { fail } from '../core/errors.ts';
import type { Alert, AlertPort } from './port.ts';
import { alertBody, alertSubject, withinBytes } from './text.ts';

/** SNS counts message and attributes together, in bytes. */
const messageLimit = 256 * 1024;

export interface SnsAlertsOptions {
  readonly client: SNSClient;
  readonly topicArn: string;
  readonly plan: string;
  /** Milliseconds for the whole call, the client's own retries included. */
  readonly timeout?: number;
}

export function snsAlerts({ client, topicArn, plan, timeout = 15_000 }: SnsAlertsOptions): AlertPort {
  const name = `sns:${topicArn.split(':').at(-1)}`;
  return {
    name,
    async send(alert) {
      const command = new PublishCommand({ TopicArn: topicArn, ...publication(alert, plan) });
      const output = await client
        .send(command, { abortSignal: AbortSignal.timeout(timeout) })
        .catch((error: unknown) => refused(name, alert, error, timeout));
      checkAccepted(name, alert, output);
    },
  };
}

function publication(alert: Alert, plan: string) {
  const attributes = attributesOf(alert, plan);
  const taken = Object.entries(attributes).reduce(
    (bytes, [key, { DataType, StringValue }]) => bytes + Buffer.byteLength(key + DataType + StringValue),
    0,
  );
  return {
    Subject: alertSubject(alert, plan),
    Message: withinBytes(alertBody(alert, plan), messageLimit - taken),
    MessageAttributes: attributes,
  };
}

/** An attribute may not be empty, so an alert without a source has none; filter with `{"exists": false}`. */
function attributesOf(alert: Alert, plan: string): Record<string, { DataType: 'String'; StringValue: string }> {
  const { severity, kind, source, state } = alert;
  return Object.fromEntries(
    Object.entries({ severity, kind, source, state, plan })
      .filter((entry): entry is [string, string] => Boolean(entry[1]))
      .map(([key, value]) => [key, { DataType: 'String', StringValue: value }]),
  );
}

function refused(name: string, alert: Alert, error: unknown, timeout: number): never {
  const { name: kind = 'Error', message = String(error) } = error as Partial<Error>;
  const reason =
    kind === 'AbortError' || kind === 'TimeoutError' ? `no answer within ${timeout} ms` : `${kind}: ${message}`;
  fail('AlertUndelivered', `${name} did not take the alert "${alert.subject}": ${reason}`, {
    hint: hintFor(kind),
    context: { path: name, trouble: alert.trouble, reason },
    cause: error,
  });
}

function hintFor(kind: string): string {
  if (/^NotFound/.test(kind)) return 'Check that the topic exists in this region and account.';
  if (/^KMS/.test(kind)) return 'Allow this role kms:GenerateDataKey and kms:Decrypt on the key of the topic.';
  if (/Authorization|AccessDenied/.test(kind)) return 'Allow this role sns:Publish on the topic.';
  if (/^InvalidParameter/.test(kind)) return "Check that the topic's ARN is right and of the client's region.";
  return 'Check that SNS can be reached from here, and send the alert again.';
}

function checkAccepted(name: string, alert: Alert, output: PublishCommandOutput): void {
  if (output.MessageId) return;
  fail('AlertUndelivered', `${name} answered without a message id to the alert "${alert.subject}"`, {
    hint: 'Check what answers at the endpoint of SNS: it is not SNS.',
    context: { path: name, trouble: alert.trouble },
  });
}
