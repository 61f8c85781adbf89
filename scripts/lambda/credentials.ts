/**
 * Stands in for the SDK's search for credentials in the bundles. Lambda gives a function those of its role in its
 * environment, and they live longer than the environment does; the clients for SSO, STS and instance metadata that the
 * search brings along would be a tenth of a bundle and are never used there.
 */
import { fail } from '../../src/core/errors.ts';

export const defaultProvider = () => async () => {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    return fail('StoreDenied', 'the environment holds no credentials of a role', {
      hint: 'Run this function on Lambda, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
};
