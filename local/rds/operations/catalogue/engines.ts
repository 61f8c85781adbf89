/**
 * Which versions and classes can be had in a region. A region may no longer offer a version that a snapshot has, and then it
 * cannot be restored there: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
 */
import type { Operations } from '../../operation.ts';
import { page, pageParameters } from '../../pages.ts';
import type { Place } from '../../place.ts';
import { familyOf, licenseOf, majorOf } from '../../records/birth.ts';

const engines: readonly (readonly [engine: string, ...versions: string[]])[] = [
  ['postgres', '14.13', '15.8', '16.3', '16.4', '16.8', '17.4'],
  ['mysql', '8.0.39', '8.0.40', '8.4.4'],
  ['aurora-postgresql', '15.8', '16.3', '16.4', '16.8'],
  ['aurora-mysql', '8.0.mysql_aurora.3.08.0'],
];

const classes = ['db.t4g.medium', 'db.m7g.large', 'db.r7g.large', 'db.r7g.xlarge'];

interface Offer {
  readonly engine: string;
  readonly version: string;
}

export function offers(place: Place): Offer[] {
  return engines
    .flatMap(([engine, ...versions]) => versions.map((version) => ({ engine, version })))
    .filter(({ engine, version }) => !place.withdrawn.has(`${engine} ${version}`));
}

export const isOffered = (place: Place, engine: string, version: string): boolean =>
  !place.withdrawn.has(`${engine} ${version}`);

export const engineOperations: Operations = {
  DescribeDBEngineVersions: {
    takes: ['Engine', 'EngineVersion', 'DBParameterGroupFamily', 'DefaultOnly', 'IncludeAll', ...pageParameters],
    perform({ input, place, paging }) {
      const family = input.text('DBParameterGroupFamily');
      const list = asked(place, input.text('Engine'), input.text('EngineVersion'))
        .filter(({ engine, version }) => family === undefined || family === familyOf(engine, version))
        .map(({ engine, version }) => ({
          key: `${engine} ${version}`,
          show: () => ({
            Engine: engine,
            EngineVersion: version,
            MajorEngineVersion: majorOf(engine, version),
            DBParameterGroupFamily: familyOf(engine, version),
            DBEngineDescription: engine,
            DBEngineVersionDescription: `${engine} ${version}`,
            ValidUpgradeTarget: [],
            Status: 'available',
          }),
        }));
      return page('DBEngineVersions', list, input, paging);
    },
  },
  DescribeOrderableDBInstanceOptions: {
    takes: ['Engine', 'EngineVersion', 'DBInstanceClass', 'LicenseModel', 'Vpc', ...pageParameters],
    perform({ input, place, paging }) {
      const wanted = input.text('DBInstanceClass');
      const list = asked(place, input.required('Engine'), input.text('EngineVersion')).flatMap(({ engine, version }) =>
        classes
          .filter((name) => wanted === undefined || wanted === name)
          .map((name) => ({
            key: `${engine} ${version} ${name}`,
            show: () => ({
              Engine: engine,
              EngineVersion: version,
              DBInstanceClass: name,
              LicenseModel: licenseOf(engine),
              AvailabilityZones: ['a', 'b', 'c'].map((zone) => ({ Name: place.region + zone })),
              MultiAZCapable: true,
              Vpc: true,
              SupportsStorageEncryption: true,
              StorageType: engine.startsWith('aurora') ? 'aurora' : 'gp3',
            }),
          })),
      );
      return page('OrderableDBInstanceOptions', list, input, paging);
    },
  },
};

/** A version that an instance here runs is offered, too, unless it was withdrawn: lists that lack it would contradict it. */
function asked(place: Place, engine: string | undefined, version: string | undefined): Offer[] {
  const running = [...place.instances.values()].map((one) => ({ engine: one.Engine, version: one.EngineVersion }));
  const all = [...offers(place), ...running.filter((one) => isOffered(place, one.engine, one.version))];
  const distinct = new Map(all.map((offer) => [`${offer.engine} ${offer.version}`, offer]));
  return [...distinct.values()].filter(
    (offer) =>
      (engine === undefined || offer.engine === engine) && (version === undefined || offer.version === version),
  );
}
