/**
 * The door between `serverless.yml` and the TypeScript beside this file. osls resolves CommonJS, Node 24 loads TypeScript
 * from it, and so a template is made with the very plan parser that the functions use.
 */
const { execFile } = require('node:child_process');
const { promisify } = require('node:util');

const root = `${__dirname}/..`;
const packaging = process.argv.some((word) => word === 'package' || word === 'deploy');

const primary = async ({ resolveConfigurationProperty }) => {
  const { primaryStack } = await import('./stack.ts');
  return primaryStack(root, await resolveConfigurationProperty(['custom', 'settings']));
};

module.exports = {
  /** Apart from the rest, as the stage is one of the names and parameters are only known once the stage is. */
  async names() {
    const { readNames } = await import('./stack.ts');
    return readNames(root);
  },

  primary,

  /** Bundled before they are packaged: `npx serverless package` alone is enough, and nothing stale is deployed. */
  async functions(context) {
    const { functions } = await primary(context);
    if (packaging) await promisify(execFile)(process.execPath, [`${root}/scripts/bundle.ts`]);
    return functions;
  },

  async replica({ resolveConfigurationProperty }) {
    const { replicaStack } = await import('./stack.ts');
    return replicaStack(root, Number(await resolveConfigurationProperty(['custom', 'replica'])));
  },
};
