/**
 * The rules of `events/rules.ts` as EventBridge rules on the default bus, where AWS services send their events and
 * `put-events` sends Tidemark's own. What cannot be delivered goes to the queue of the undelivered.
 */
import { eventMark, type Rule, rulesOf } from '../events/rules.ts';
import { shortHash } from '../src/core/ids.ts';
import { arnOf, reference, type Value } from './intrinsics.ts';
import { logicalName, type Names } from './names.ts';
import { startingRole } from './schedules.ts';
import { workflowId } from './workflows.ts';

const undelivered = {
  RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 20 },
  DeadLetterConfig: { Arn: arnOf('Undelivered') },
};

export function ruleResources(names: Names): Record<string, object> {
  const rules = rulesOf(names.plan);
  const workflows = [...new Set(rules.flatMap((rule) => rule.workflow ?? []))];
  return {
    RulesRole: startingRole('events.amazonaws.com', workflows),
    ...Object.assign({}, ...rules.map((rule) => ruleOf(rule, names))),
  };
}

function ruleOf(rule: Rule, names: Names): Record<string, object> {
  const id = `${logicalName(rule.name)}Rule`;
  return {
    [id]: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: ruleName(rule, names),
        EventPattern: withArns(rule.pattern),
        Targets: [{ ...targetOf(rule), ...undelivered }],
      },
    },
    ...(rule.function === undefined ? {} : { [`${id}Permission`]: permissionOf(id, rule.function) }),
  };
}

/** EventBridge takes 64 characters. */
function ruleName(rule: Rule, names: Names): string {
  const name = `${names.prefix}-${rule.name}`;
  return name.length <= 64 ? name : `${name.slice(0, 55)}-${shortHash(name)}`;
}

function targetOf(rule: Rule): object {
  if (rule.function !== undefined) return { Id: rule.function, Arn: functionArn(rule.function) };
  return {
    Id: rule.workflow,
    Arn: reference(workflowId(rule.workflow!)),
    RoleArn: arnOf('RulesRole'),
    // The mark stands for the event only outside quotation marks.
    InputTransformer: { InputTemplate: JSON.stringify(rule.input).replaceAll(JSON.stringify(eventMark), eventMark) },
  };
}

/** A string that is `${backup}` as the ARN of that workflow. */
function withArns(pattern: unknown): unknown {
  if (typeof pattern === 'string') {
    const workflow = /^\$\{(\w+)\}$/.exec(pattern)?.[1];
    return workflow === undefined ? pattern : reference(workflowId(workflow));
  }
  if (Array.isArray(pattern)) return pattern.map(withArns);
  if (pattern === null || typeof pattern !== 'object') return pattern;
  return Object.fromEntries(Object.entries(pattern).map(([key, member]) => [key, withArns(member)]));
}

function permissionOf(rule: string, functionName: string): object {
  return {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      FunctionName: functionArn(functionName),
      SourceArn: arnOf(rule),
    },
  };
}

function functionArn(name: string): Value {
  return arnOf(`${logicalName(name)}LambdaFunction`);
}
