/** What CloudFormation makes of a template: references, attributes and substitutions as the values that AWS would see. */
import type { Resource, Template } from './packaging.ts';

export const accountId = '123456789012';

export type Resolve = (value: unknown) => unknown;

/** Errors: throws for a reference to nothing, which CloudFormation would refuse as well. */
export function resolver(template: Template, region: string): Resolve {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::AccountId': accountId,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const resource = (id: string): Resource => {
    const found = template.Resources[id];
    if (found === undefined) throw new Error(`the template refers to ${id}, which it does not have`);
    return found;
  };
  const regional = (service: string, rest: string): string => `arn:aws:${service}:${region}:${accountId}:${rest}`;
  const attribute = (id: string, name: string): unknown => {
    const { Type, Properties } = resource(id);
    const given = (key: string): string => String(resolve(Properties[key]));
    if (name === 'QueueName') return given('QueueName');
    if (name !== 'Arn') throw new Error(`${id}.${name} is not known to this test`);
    switch (Type) {
      case 'AWS::Lambda::Function':
        return regional('lambda', `function:${given('FunctionName')}`);
      case 'AWS::IAM::Role':
        return `arn:aws:iam::${accountId}:role/${Properties.RoleName ?? id}`;
      case 'AWS::S3::Bucket':
        return `arn:aws:s3:::${given('BucketName')}`;
      case 'AWS::KMS::Key':
        return regional('kms', `key/${id}`);
      case 'AWS::SQS::Queue':
        return regional('sqs', given('QueueName'));
      case 'AWS::Logs::LogGroup':
        return regional('logs', `log-group:${given('LogGroupName')}:*`);
      case 'AWS::Events::Rule':
        return regional('events', `rule/${given('Name')}`);
      case 'AWS::Scheduler::ScheduleGroup':
        return regional('scheduler', `schedule-group/${given('Name')}`);
      default:
        throw new Error(`${id} is a ${Type}, whose ARN is not known to this test`);
    }
  };
  const reference = (id: string): unknown => {
    if (pseudo[id] !== undefined) return pseudo[id];
    const { Type, Properties } = resource(id);
    switch (Type) {
      case 'AWS::StepFunctions::StateMachine':
        return regional('states', `stateMachine:${Properties.StateMachineName}`);
      case 'AWS::SNS::Topic':
        return regional('sns', Properties.TopicName);
      case 'AWS::S3::Bucket':
        return resolve(Properties.BucketName);
      case 'AWS::Scheduler::ScheduleGroup':
        return resolve(Properties.Name);
      default:
        return id;
    }
  };
  const substitute = (text: string, own: Readonly<Record<string, unknown>>): string =>
    text.replace(/\$\{([\w:.]+)\}/g, (_match, name: string) => {
      if (name in own) return String(resolve(own[name]));
      const [id, part] = name.includes('::') ? [name] : name.split('.');
      return String(part === undefined ? reference(id!) : attribute(id!, part));
    });
  const resolve: Resolve = (value) => {
    if (Array.isArray(value)) return value.map(resolve);
    if (value === null || typeof value !== 'object') return value;
    const [[key, inner] = ['', undefined], ...others] = Object.entries(value);
    if (others.length === 0 && key === 'Ref') return reference(inner);
    if (others.length === 0 && key === 'Fn::GetAtt') return attribute(inner[0], inner[1]);
    if (others.length === 0 && key === 'Fn::Sub') {
      return typeof inner === 'string' ? substitute(inner, {}) : substitute(inner[0], inner[1]);
    }
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]));
  };
  return resolve;
}
