/**
 * Exports of snapshots as Parquet: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html and
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html. Where the objects would be, nothing is.
 */
import { inaccessible, usable } from '../keys.ts';
import { parseArn } from '../names.ts';
import type { Call, Operations } from '../operation.ts';
import { filtered, page, pageParameters } from '../pages.ts';
import type { Place } from '../place.ts';
import type { ExportTask } from '../records/export.ts';
import { shown } from '../records/instance.ts';
import { type Snapshot, snapshotKinds } from '../records/snapshot.ts';
import type { Shape } from '../wire/answer.ts';
import { invalidValue, refuse } from '../wire/refusal.ts';

export const exportOperations: Operations = {
  StartExportTask: {
    takes: ['ExportTaskIdentifier', 'SourceArn', 'S3BucketName', 'IamRoleArn', 'KmsKeyId', 'S3Prefix', 'ExportOnly'],
    perform(call) {
      const { input, place, now } = call;
      const id = input.required('ExportTaskIdentifier');
      if (!/^[A-Za-z](-?[A-Za-z0-9])*$/.test(id) || id.length > 60)
        invalidValue(`Invalid export task identifier: ${id}`);
      // "A unique identifier for the export task", of all that there ever were: they are never forgotten here.
      if (place.exports.has(id)) refuse('ExportTaskAlreadyExists', `An export task ${id} already exists.`);
      const snapshot = sourceOf(call);
      const role = input.required('IamRoleArn');
      if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(role))
        refuse('IamRoleNotFound', `The role ${role} is not found.`);
      const given = input.required('KmsKeyId');
      const key = place.keys.find(given);
      // "KMSKeyNotAccessibleFault"; the default service key cannot be used for exports (USER_ExportSnapshot.html).
      if (key === undefined || key.managedByAmazon || !usable(key, place.account)) inaccessible(given);
      if ([...place.exports.values()].filter(isRunning).length >= place.world.quotas.exports) {
        refuse('LimitExceeded', `No more than ${place.world.quotas.exports} exports can be in progress`);
      }
      const task: ExportTask = {
        ExportTaskIdentifier: id,
        SourceArn: snapshot.arn,
        SourceType: 'SNAPSHOT',
        ExportOnly: input.texts('ExportOnly') ?? [],
        ...(snapshot.SnapshotCreateTime === undefined ? {} : { SnapshotTime: snapshot.SnapshotCreateTime }),
        S3Bucket: input.required('S3BucketName'),
        ...(input.has('S3Prefix') ? { S3Prefix: input.text('S3Prefix') ?? '' } : {}),
        IamRoleArn: role,
        KmsKeyId: key.arn,
        Status: 'STARTING',
        PercentProgress: 0,
        TotalExtractedDataInGB: 0,
        gibibytes: snapshot.AllocatedStorage,
      };
      place.exports.set(id, task);
      run(place, task, now);
      return show(task, now);
    },
  },
  CancelExportTask: {
    takes: ['ExportTaskIdentifier'],
    perform({ input, place, now }) {
      const id = input.required('ExportTaskIdentifier');
      const task = place.exports.get(id) ?? refuse('ExportTaskNotFound', `The export task ${id} is not found.`);
      if (!isRunning(task)) refuse('InvalidExportTaskStateFault', `The export task ${id} has ended.`);
      task.process?.cancel();
      delete task.process;
      turn(place, task, 'CANCELING', now);
      place.world.timeline.plan(now.getTime() + 60_000, (at) => {
        task.TaskEndTime = at;
        turn(place, task, 'CANCELED', at);
      });
      return show(task, now);
    },
  },
  DescribeExportTasks: {
    takes: ['ExportTaskIdentifier', 'SourceArn', 'SourceType', ...pageParameters],
    perform({ input, place, now, paging }) {
      const id = input.text('ExportTaskIdentifier');
      const source = input.text('SourceArn');
      const found = [...place.exports.values()].filter(
        (task) =>
          (id === undefined || task.ExportTaskIdentifier === id) && (source === undefined || task.SourceArn === source),
      );
      if (id !== undefined && found.length === 0) refuse('ExportTaskNotFound', `The export task ${id} is not found.`);
      const left = filtered(found, input.filters(), {
        'export-task-identifier': (task) => [task.ExportTaskIdentifier],
        's3-bucket': (task) => [task.S3Bucket],
        'source-arn': (task) => [task.SourceArn],
        status: (task) => [task.Status],
      });
      const list = left.map((task) => ({ key: task.ExportTaskIdentifier, show: () => show(task, now) }));
      return page('ExportTasks', list, input, paging);
    },
  },
};

const isRunning = ({ Status }: ExportTask): boolean => ['STARTING', 'IN_PROGRESS', 'CANCELING'].includes(Status);

/** Of this region, as the bucket has to be: "the S3 bucket must be in the same AWS Region as the snapshot". */
function sourceOf({ input, place }: Call): Snapshot {
  const text = input.required('SourceArn');
  const arn = parseArn(text);
  const of = Object.values(snapshotKinds).find(({ arnKind }) => arnKind === arn?.kind);
  if (arn === undefined || of === undefined) invalidValue(`The source ${text} is not the ARN of a snapshot`);
  const here = arn.region === place.region && arn.account === place.account;
  const snapshot = here ? place.snapshots[of.kind].get(arn.name) : undefined;
  if (snapshot === undefined) refuse(of.missing, `${of.noun} ${text} not found.`);
  if (snapshot.Status !== 'available') refuse('InvalidExportSourceState', `The snapshot is ${snapshot.Status}.`);
  return snapshot;
}

function run(place: Place, task: ExportTask, now: Date): void {
  task.process = place.begin({
    kind: 'export',
    subject: task.ExportTaskIdentifier,
    work: { gibibytes: task.gibibytes },
    done(at) {
      end(at);
      task.PercentProgress = 100;
      task.TotalExtractedDataInGB = task.gibibytes;
      turn(place, task, 'COMPLETE', at);
      tell(place, task, at, '0161', 'The export task completed.');
    },
    failed(at) {
      end(at);
      task.FailureCause = 'An internal error occurred';
      turn(place, task, 'FAILED', at);
      tell(place, task, at, '0159', 'The export task failed.');
    },
  });
  place.world.timeline.plan(now.getTime() + 5 * 60_000, (at) => {
    if (task.Status !== 'STARTING') return;
    task.TaskStartTime = at;
    turn(place, task, 'IN_PROGRESS', at);
  });
  const end = (at: Date): void => {
    task.PercentProgress = task.process?.percent(at) ?? 0;
    task.TaskStartTime ??= at;
    task.TaskEndTime = at;
    delete task.process;
  };
}

function turn(place: Place, task: ExportTask, to: ExportTask['Status'], at: Date): void {
  place.turn('export', task.ExportTaskIdentifier, task.Status, to, at);
  task.Status = to;
}

function tell(place: Place, task: ExportTask, at: Date, id: string, message: string): void {
  place.tell({
    SourceIdentifier: task.SourceArn.split(':').at(-1) ?? '',
    SourceType: 'db-snapshot',
    Message: message,
    EventCategories: ['notification'],
    Date: at,
    SourceArn: task.SourceArn,
    id: `RDS-EVENT-${id}`,
  });
}

function show(task: ExportTask, now: Date): Shape {
  return { ...shown(task), PercentProgress: task.process?.percent(now) ?? task.PercentProgress };
}
