/** Subnet, parameter and option groups, and what is in them. Default groups exist for every family without being made. */
import type { Operation, Operations } from '../../operation.ts';
import { page, pageParameters } from '../../pages.ts';
import type { Place } from '../../place.ts';
import { OptionGroup, ParameterGroup } from '../../records/group.ts';
import { parametersOf } from '../../records/parameters.ts';
import { invalidValue, refuse } from '../../wire/refusal.ts';

export const groupOperations: Operations = {
  DescribeDBSubnetGroups: {
    takes: ['DBSubnetGroupName', ...pageParameters],
    perform({ input, place, paging }) {
      const name = input.text('DBSubnetGroupName')?.toLowerCase();
      const found = [...place.subnetGroups.values()].filter((group) => name === undefined || group.name === name);
      if (name !== undefined && found.length === 0) {
        refuse('DBSubnetGroupNotFoundFault', `DB subnet group '${name}' does not exist.`);
      }
      return page(
        'DBSubnetGroups',
        found.map((group) => ({ key: group.name, show: () => group.show() })),
        input,
        paging,
      );
    },
  },
  DescribeDBParameterGroups: listGroups('instance', 'DBParameterGroup'),
  DescribeDBClusterParameterGroups: listGroups('cluster', 'DBClusterParameterGroup'),
  DescribeDBParameters: listParameters('instance', 'DBParameterGroupName'),
  DescribeDBClusterParameters: listParameters('cluster', 'DBClusterParameterGroupName'),
  DescribeOptionGroups: {
    takes: ['OptionGroupName', 'EngineName', 'MajorEngineVersion', ...pageParameters],
    perform({ input, place, paging }) {
      const name = input.text('OptionGroupName')?.toLowerCase();
      const engine = input.text('EngineName');
      const major = input.text('MajorEngineVersion');
      const groups = name === undefined ? [...place.optionGroups.values()] : [optionGroup(place, name)];
      const found = groups.filter(
        (group) => (engine === undefined || group.engine === engine) && (major === undefined || group.major === major),
      );
      return page(
        'OptionGroupsList',
        found.map((group) => ({ key: group.name, show: () => group.show() })),
        input,
        paging,
      );
    },
  },
};

function listGroups(kind: 'instance' | 'cluster', noun: string): Operation {
  return {
    takes: [`${noun}Name`, ...pageParameters],
    perform({ input, place, paging }) {
      const name = input.text(`${noun}Name`);
      const found =
        name === undefined ? [...place.parameterGroups[kind].values()] : [parameterGroup(place, kind, name)];
      const list = found.map((group) => ({
        key: group.name,
        show: () => ({
          [`${noun}Name`]: group.name,
          DBParameterGroupFamily: group.family,
          Description: group.name,
          [`${noun}Arn`]: group.arn,
        }),
      }));
      return page(`${noun}s`, list, input, paging);
    },
  };
}

function listParameters(kind: 'instance' | 'cluster', nameName: string): Operation {
  return {
    takes: [nameName, 'Source', ...pageParameters],
    perform({ input, place, paging }) {
      const source = input.text('Source');
      if (source !== undefined && !['user', 'system', 'engine-default'].includes(source)) {
        invalidValue(`Invalid parameter source: ${source}`);
      }
      const group = parameterGroup(place, kind, input.required(nameName));
      return page('Parameters', parametersOf(group, source), input, paging);
    },
  };
}

/** Both kinds are missing by the same code: `DBParameterGroupNotFound` (the model's errors of DescribeDBClusterParameters). */
export function parameterGroup(place: Place, kind: 'instance' | 'cluster', text: string): ParameterGroup {
  const name = text.toLowerCase();
  const own = place.parameterGroups[kind].get(name);
  if (own !== undefined) return own;
  const family = /^default\.(.+)$/.exec(name)?.[1];
  if (family === undefined) refuse('DBParameterGroupNotFound', `DBParameterGroup not found: ${name}`);
  return new ParameterGroup(name, place.arn(kind === 'instance' ? 'pg' : 'cluster-pg', name), family);
}

/** Default ones are called `default:postgres-16`. */
export function optionGroup(place: Place, text: string): OptionGroup {
  const name = text.toLowerCase();
  const own = place.optionGroups.get(name);
  if (own !== undefined) return own;
  const [, engine, major] = /^default:([a-z-]+?)-(\d[\d-]*)$/.exec(name) ?? [];
  if (engine === undefined || major === undefined) {
    refuse('OptionGroupNotFoundFault', `Specified OptionGroupName: ${name} not found.`);
  }
  return new OptionGroup(name, place.arn('og', name), engine, major.replace('-', '.'));
}
