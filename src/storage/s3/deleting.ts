/**
 * DeleteObjects answers 200 and lists what it did not delete. Every key of a batch has to appear in the answer, as deleted
 * or as failed; one that appears nowhere counts as failed.
 */
import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import { TidemarkError } from '../../core/errors.ts';
import { s3Failure } from './failures.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: "up to 1,000 keys". */
const batchSize = 1000;

interface FailedKey {
  readonly key: string;
  readonly reason: string;
}

export async function deleteObjects(
  client: S3Client,
  bucket: string,
  name: string,
  keys: readonly string[],
): Promise<void> {
  const failed: FailedKey[] = [];
  let cause: TidemarkError | undefined;
  for (let start = 0; start < keys.length; start += batchSize) {
    const batch = keys.slice(start, start + batchSize);
    if (cause?.retry === 'never') {
      failed.push(...batch.map((key) => ({ key, reason: 'not tried, as the batch before was refused' })));
      continue;
    }
    try {
      failed.push(...(await deleteBatch(client, bucket, batch)));
    } catch (error) {
      const failure = s3Failure(error, `delete ${batch.length} objects from ${name}`);
      cause = failure;
      failed.push(...batch.map((key) => ({ key, reason: failure.message })));
    }
  }
  if (failed.length > 0) failIncomplete(name, failed, keys.length, cause);
}

async function deleteBatch(client: S3Client, bucket: string, keys: readonly string[]): Promise<FailedKey[]> {
  // A key twice in one request is answered once.
  const asked = [...new Set(keys)];
  const answer = await client.send(
    new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: asked.map((Key) => ({ Key })), Quiet: false } }),
  );
  const deleted = new Set((answer.Deleted ?? []).map((entry) => entry.Key));
  const reasons = new Map((answer.Errors ?? []).map((entry) => [entry.Key, `${entry.Code}: ${entry.Message}`]));
  return asked
    .filter((key) => reasons.has(key) || !deleted.has(key))
    .map((key) => ({ key, reason: reasons.get(key) ?? 'the store did not say what became of it' }));
}

function failIncomplete(name: string, failed: readonly FailedKey[], asked: number, cause?: TidemarkError): never {
  const first = failed[0];
  throw new TidemarkError(
    'DeleteIncomplete',
    `${failed.length} of ${asked} objects in ${name} could not be deleted; the first: ${first?.key}: ${first?.reason}`,
    {
      hint: cause?.hint ?? 'Look at the reasons: a lock or a policy may hold the objects; otherwise try again later.',
      context: { failed },
      ...(cause ? { cause } : {}),
    },
  );
}
