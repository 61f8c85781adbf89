/** CloudFormation's own functions, as far as the template uses them from here. */

export type Value =
  | string
  | { readonly Ref: string }
  | { readonly 'Fn::GetAtt': readonly [string, string] }
  | { readonly 'Fn::Sub': string };

/** Region and account, as most ARNs have them. */
export const here = `\${AWS::Region}:\${AWS::AccountId}`;
export const account = `\${AWS::AccountId}`;

/** What follows `arn:<partition>:`. */
export function arn(rest: string): Value {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` };
}

export function arnOf(id: string): Value {
  return { 'Fn::GetAtt': [id, 'Arn'] };
}

export function reference(id: string): Value {
  return { Ref: id };
}

export function topicArn(topic: { readonly name: string } | { readonly arn: string }): Value {
  return 'arn' in topic ? topic.arn : reference('AlertTopic');
}
