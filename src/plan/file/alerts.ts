/** `alerts`: who is told besides the log. */
import type { Plan } from '../plan.ts';
import { textAs } from './fields.ts';
import { webhook } from './location.ts';
import type { Place } from './place.ts';

const topicName = textAs<string>((value) =>
  /^(arn:aws[\w-]*:sns:[\w-]+:\d{12}:)?[A-Za-z0-9_-]{1,256}$/.test(value)
    ? { is: value }
    : { wrong: `is \`${value}\`, which is neither the name of an SNS topic nor its ARN` },
);

export function readAlerts(place: Place): Plan['alerts'] | undefined {
  if (!place.isThere) return {};
  if (!place.isSection(['topic', 'webhook'])) return undefined;
  const topic = place.child('topic').may(topicName, undefined);
  const url = place.child('webhook').may(webhook, undefined);
  return { ...(topic === undefined ? {} : { topic }), ...(url === undefined ? {} : { webhook: url }) };
}
