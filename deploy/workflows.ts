/**
 * Each `statemachines/*.asl.json` as a state machine with a role of its own. What the role may invoke is read from the
 * definition: a function that no state names cannot be called, and none that a state names is forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { arn, arnOf, here, reference, type Value } from './intrinsics.ts';
import { logicalName, type Names } from './names.ts';
import type { Settings } from './settings.ts';

export interface Workflow {
  readonly name: string;
  readonly definition: object;
  /** Names between `${` and `}` in the definition, each a function: `PlanBackup`. */
  readonly functions: readonly string[];
  readonly distributed: boolean;
}

export function readWorkflows(directory: string): readonly Workflow[] {
  const suffix = '.asl.json';
  return readdirSync(`${directory}/statemachines`)
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => {
      const text = readFileSync(`${directory}/statemachines/${file}`, 'utf8');
      return {
        name: file.slice(0, -suffix.length),
        definition: JSON.parse(text),
        functions: [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!))].sort(),
        distributed: /"Mode"\s*:\s*"DISTRIBUTED"/.test(text),
      };
    });
}

export function workflowId(name: string): string {
  return `${logicalName(name)}Workflow`;
}

export function workflowResources(
  workflows: readonly Workflow[],
  names: Names,
  settings: Settings,
): Record<string, object> {
  return Object.assign({}, ...workflows.map((workflow) => resourcesOf(workflow, names, settings)));
}

function resourcesOf(workflow: Workflow, names: Names, settings: Settings): Record<string, object> {
  const id = workflowId(workflow.name);
  const title = `${names.prefix}-${workflow.name}`;
  const functions = Object.fromEntries(workflow.functions.map((name) => [name, arnOf(`${name}LambdaFunction`)]));
  return {
    [id]: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        StateMachineName: title,
        StateMachineType: 'STANDARD',
        // As text and not as an object: osls removes every null from a template, and `"ResultPath": null` means something.
        DefinitionString: JSON.stringify(workflow.definition),
        DefinitionSubstitutions: functions,
        RoleArn: arnOf(`${id}Role`),
        LoggingConfiguration: {
          Level: 'ERROR',
          // Inputs may name hosts and databases; the execution history has them, the log need not.
          IncludeExecutionData: false,
          Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: arnOf(`${id}Logs`) } }],
        },
        TracingConfiguration: { Enabled: settings.tracing },
      },
    },
    [`${id}Logs`]: {
      Type: 'AWS::Logs::LogGroup',
      Properties: {
        // This beginning keeps the log's resource policy of the account from growing with each state machine.
        LogGroupName: `/aws/vendedlogs/states/${title}`,
        RetentionInDays: settings.logRetentionDays,
      },
    },
    [`${id}Role`]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'states.amazonaws.com' },
              Action: 'sts:AssumeRole',
              Condition: {
                StringEquals: { 'aws:SourceAccount': reference('AWS::AccountId') },
                ArnLike: { 'aws:SourceArn': states(`stateMachine:${title}`) },
              },
            },
          ],
        },
        Policies: [
          {
            PolicyName: 'tidemark',
            PolicyDocument: { Version: '2012-10-17', Statement: rightsOf(workflow, title, functions, settings) },
          },
        ],
      },
    },
  };
}

function rightsOf(
  workflow: Workflow,
  title: string,
  functions: Record<string, Value>,
  settings: Settings,
): readonly object[] {
  return [
    { Sid: 'Invoke', Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: Object.values(functions) },
    { Sid: 'Logs', Effect: 'Allow', Action: logDeliveryActions, Resource: '*' },
    ...(settings.tracing ? [{ Sid: 'Trace', Effect: 'Allow', Action: traceActions, Resource: '*' }] : []),
    ...(workflow.distributed ? fanOutRights(title) : []),
  ];
}

/** A distributed Map runs its items as executions of the same state machine, and looks after them. */
function fanOutRights(title: string): readonly object[] {
  return [
    { Sid: 'FanOut', Effect: 'Allow', Action: 'states:StartExecution', Resource: states(`stateMachine:${title}`) },
    {
      Sid: 'FanOutChildren',
      Effect: 'Allow',
      Action: ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
      Resource: [states(`execution:${title}:*`), states(`execution:${title}/*`)],
    },
  ];
}

function states(resource: string): Value {
  return arn(`states:${here}:${resource}`);
}

/** Vended logs: these actions know no resource but `*`. */
const logDeliveryActions = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];

const traceActions = [
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
];

export function workflowOutputs(workflows: readonly Workflow[]): Record<string, object> {
  return Object.fromEntries(
    workflows.map(({ name }) => [
      workflowId(name),
      {
        Description: `The ${name} workflow, to be started from the Step Functions console`,
        Value: reference(workflowId(name)),
      },
    ]),
  );
}
