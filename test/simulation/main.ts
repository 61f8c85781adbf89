/**
 * `npm run simulate -- --seed N --runs M`: so many histories from this seed on. The first that is not as it must be ends
 * it: its seed, what was wrong, and the last that happened before. The same seed alone shows the same again.
 */
import { parseArgs } from 'node:util';
import { mutate } from './mutations/mutate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    mutation: { type: 'string' },
    trace: { type: 'boolean', default: false },
    lines: { type: 'string', default: '60' },
    keepGoing: { type: 'boolean', default: false },
    hashes: { type: 'boolean', default: false },
  },
});
if (values.mutation !== undefined) mutate(values.mutation);

const { history, warmUp } = await import('./history.ts');
await warmUp();
const [first, runs] = [Number(values.seed), Number(values.runs)];
const started = performance.now();
let [calls, executions, snapshots, wrong, told] = [0, 0, 0, 0, started];
for (let seed = first; seed < first + runs; seed += 1) {
  const one = await history(seed, { keep: values.trace ? 1_000_000 : Number(values.lines) });
  calls += one.calls;
  executions += one.executions;
  snapshots += one.snapshots;
  if (values.hashes) console.log(`${seed} ${one.trace}`);
  if (values.trace) console.log(one.lines.join('\n'));
  if (one.violations.length > 0) {
    wrong += 1;
    console.log(`seed ${seed} (history ${seed - first + 1}): ${one.violations.join('\n  ')}`);
    if (!values.keepGoing) {
      if (!values.trace) console.log(one.lines.slice(-Number(values.lines)).join('\n'));
      console.log(JSON.stringify(one.climate));
      console.log(
        `again: npm run simulate -- --seed ${seed} --runs 1${values.mutation ? ` --mutation ${values.mutation}` : ''} --trace`,
      );
      process.exit(1);
    }
  }
  if (performance.now() - told > 60_000) {
    told = performance.now();
    console.error(`${seed - first + 1} histories, ${wrong} wrong, ${Math.round((told - started) / 1000)} s`);
  }
}
const seconds = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({
    seed: first,
    histories: runs,
    wrong,
    executions,
    snapshots,
    calls,
    seconds: Math.round(seconds * 10) / 10,
  }),
);
process.exit(wrong === 0 ? 0 : 1);
