/** Subnet, parameter and option groups: what an instance is attached to, and what a restore does not bring back. */
import { arn } from '../names.ts';
import type { Shape } from '../wire/answer.ts';
import type { Tag } from '../wire/input.ts';

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSubnetGroup.html */
export class SubnetGroup {
  readonly name: string;
  readonly arn: string;
  readonly vpc: string;
  readonly zones: readonly string[];
  TagList: readonly Tag[] = [];

  constructor(name: string, region: string, account: string, vpc = `vpc-default-${region}`) {
    this.name = name;
    this.arn = arn(region, account, 'subgrp', name);
    this.vpc = vpc;
    this.zones = [`${region}a`, `${region}b`, `${region}c`];
  }

  show(): Shape {
    return {
      DBSubnetGroupName: this.name,
      DBSubnetGroupDescription: this.name,
      VpcId: this.vpc,
      SubnetGroupStatus: 'Complete',
      Subnets: this.zones.map((zone, index) => ({
        SubnetIdentifier: `subnet-${this.vpc.slice(4)}-${index}`,
        SubnetAvailabilityZone: { Name: zone },
        SubnetStatus: 'Active',
      })),
      DBSubnetGroupArn: this.arn,
      SupportedNetworkTypes: undefined,
    };
  }

  /** The default security group of its network. */
  get securityGroup(): string {
    return `sg-${this.vpc.slice(4)}`;
  }
}

/** Of instances or of clusters. Values are those that differ from the engine's own. */
export class ParameterGroup {
  readonly name: string;
  readonly arn: string;
  readonly family: string;
  readonly values: Map<string, string>;
  TagList: readonly Tag[] = [];

  constructor(name: string, itsArn: string, family: string, values: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.arn = itsArn;
    this.family = family;
    this.values = new Map(Object.entries(values));
  }
}

export interface Option {
  readonly OptionName: string;
  readonly OptionSettings: readonly { readonly Name: string; readonly Value: string }[];
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_OptionGroup.html; bound to its region. */
export class OptionGroup {
  readonly name: string;
  readonly arn: string;
  readonly engine: string;
  readonly major: string;
  readonly options: readonly Option[];
  TagList: readonly Tag[] = [];

  constructor(name: string, itsArn: string, engine: string, major: string, options: readonly Option[] = []) {
    this.name = name;
    this.arn = itsArn;
    this.engine = engine;
    this.major = major;
    this.options = options;
  }

  show(): Shape {
    return {
      OptionGroupName: this.name,
      OptionGroupDescription: this.name,
      EngineName: this.engine,
      MajorEngineVersion: this.major,
      Options: this.options.map(({ OptionName, OptionSettings }) => ({
        OptionName,
        Persistent: false,
        Permanent: false,
        OptionSettings: OptionSettings.map((setting) => ({ ...setting })),
      })),
      AllowsVpcAndNonVpcInstanceMemberships: true,
      OptionGroupArn: this.arn,
    };
  }
}
