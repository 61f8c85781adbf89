/** The ways in which a deployed Tidemark tells people: the log, the topic and the webhook of the plan, all of them. */
import { fanOutAlerts } from '../../src/alerts/fan-out.ts';
import { logAlerts } from '../../src/alerts/log.ts';
import type { AlertPort } from '../../src/alerts/port.ts';
import { webhookAlerts } from '../../src/alerts/webhook.ts';
import type { Log } from '../../src/core/log.ts';
import type { Plan } from '../../src/plan/index.ts';

export async function alerts(plan: Plan, topicArn: string | undefined, log: Log): Promise<AlertPort> {
  const { webhook } = plan.alerts;
  return fanOutAlerts(
    [
      logAlerts(log),
      ...(topicArn === undefined ? [] : [await topicAlerts(plan.plan, topicArn)]),
      ...(webhook === undefined ? [] : [webhookAlerts({ url: webhook, plan: plan.plan })]),
    ],
    log,
  );
}

async function topicAlerts(plan: string, topicArn: string): Promise<AlertPort> {
  const [{ SNSClient }, { snsAlerts }] = await Promise.all([
    import('@aws-sdk/client-sns'),
    import('../../src/alerts/sns.ts'),
  ]);
  return snsAlerts({ client: new SNSClient({}), topicArn, plan });
}
