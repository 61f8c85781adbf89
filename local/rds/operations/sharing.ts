/**
 * Who else may restore or copy a snapshot: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSnapshotAttribute.html
 * and https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
 */
import type { Operation, Operations } from '../operation.ts';
import { type Snapshot, type SnapshotKind, snapshotKinds } from '../records/snapshot.ts';
import type { Shape } from '../wire/answer.ts';
import { invalidValue, refuse } from '../wire/refusal.ts';
import { ownSnapshot } from './snapshots.ts';

export const sharingOperations: Operations = {
  ModifyDBSnapshotAttribute: modify(snapshotKinds.instance),
  ModifyDBClusterSnapshotAttribute: modify(snapshotKinds.cluster),
  DescribeDBSnapshotAttributes: describe(snapshotKinds.instance),
  DescribeDBClusterSnapshotAttributes: describe(snapshotKinds.cluster),
};

function modify(of: SnapshotKind): Operation {
  return {
    takes: [of.idName, 'AttributeName', 'ValuesToAdd', 'ValuesToRemove'],
    perform({ input, place }) {
      const snapshot = ownSnapshot(place, of, input.required(of.idName));
      const attribute = input.required('AttributeName');
      if (attribute !== 'restore') invalidValue(`Invalid attribute: ${attribute}`);
      const added = input.texts('ValuesToAdd') ?? [];
      const wrong = added.find((value) => value !== 'all' && !/^\d{12}$/.test(value));
      if (wrong !== undefined) invalidValue(`Invalid account: ${wrong}`);
      if (added.length > 0) requireSharable(of, snapshot, added);
      const shared = new Set([...snapshot.sharedWith, ...added]);
      for (const value of input.texts('ValuesToRemove') ?? []) shared.delete(value);
      const most = place.world.quotas.sharedAccounts;
      if ([...shared].filter((account) => account !== 'all').length > most) {
        refuse('SharedSnapshotQuotaExceeded', `A snapshot cannot be shared with more than ${most} accounts`);
      }
      snapshot.sharedWith.clear();
      for (const value of shared) snapshot.sharedWith.add(value);
      return show(of, snapshot);
    },
  };

  /**
   * "You can't share automated snapshots"; "you can't share a snapshot that has been encrypted using the default KMS key";
   * "you can't share encrypted snapshots as public". The code of the second is not documented.
   */
  function requireSharable(kind: SnapshotKind, snapshot: Snapshot, added: readonly string[]): void {
    if (snapshot.SnapshotType === 'automated') refuse(kind.wrongState, 'Automated snapshots cannot be shared');
    if (snapshot.Status !== 'available') refuse(kind.wrongState, 'The snapshot is not in the available state');
    if (!snapshot.encrypted) return;
    if (added.includes('all')) invalidValue('Encrypted snapshots cannot be shared as public');
    if (snapshot.KmsKeyId?.endsWith('/aws-rds-default')) {
      refuse(kind.wrongState, 'Snapshots that are encrypted with the default service key for RDS cannot be shared');
    }
  }
}

function describe(of: SnapshotKind): Operation {
  return {
    takes: [of.idName],
    perform: ({ input, place }) => show(of, ownSnapshot(place, of, input.required(of.idName))),
  };
}

function show(of: SnapshotKind, snapshot: Snapshot): Shape {
  return {
    [`${of.noun}AttributesResult`]: {
      [of.idName]: snapshot.id,
      [`${of.noun}Attributes`]: [{ AttributeName: 'restore', AttributeValues: [...snapshot.sharedWith].sort() }],
    },
  };
}
