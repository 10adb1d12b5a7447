/**
 * How soon a version that fails one request in six is found and gone, by the real program: the example service behind the built-in
 * proxy, a canary of 10 %, 100 requests a second. `node bench/rollback.ts [rounds]`. The goals: it goes back within 5 s of the sample
 * that says harm, and all traffic is on the stable version within 30 s.
 */
import { ExampleProduction } from '../test/support/example-production.ts';
import { median } from './support/measure.ts';

const ROUNDS = Number(process.argv[2] ?? 5);

const production = new ExampleProduction({ weights: [10, 50, 100], requestsPerSecond: 100 });
type Figure = 'found' | 'begun' | 'stable' | 'failed' | 'asked';
const rounds: Readonly<Record<Figure, number>>[] = [];
try {
  await production.begin();
  for (let round = 0; round < ROUNDS; round++) {
    await production.build('errors');
    const before = production.load();
    const told = JSON.parse((await production.deploy()).stdout);
    if (told.outcome !== 'rolled-back') throw new Error(`it ended ${told.outcome}: ${told.sentence}`);
    const at = (text: string): number =>
      told.story.find((entry: { readonly text: string }) => entry.text.startsWith(text)).atMs;
    const after = production.load();
    rounds.push({
      found: at('the evidence says harm') - at('10 % of the traffic'),
      begun: at('it goes back') - at('the evidence says harm'),
      stable: at('all traffic goes to the stable') - at('the evidence says harm'),
      failed: after.failed - before.failed,
      asked: after.answered - before.answered,
    });
  }
} finally {
  await production.close();
}

const middle = (figure: Figure): number => median(rounds.map((round) => round[figure]));
const worst = (figure: Figure): number => Math.max(...rounds.map((round) => round[figure]));
console.log(`${ROUNDS} releases that fail one request in six; median (worst)`);
console.log(`found after          ${middle('found')} ms (${worst('found')})   of a canary of 10 %`);
console.log(
  `goes back after      ${middle('begun')} ms (${worst('begun')})   goal: 5000, from the sample that says harm`,
);
console.log(`100 % stable after   ${middle('stable')} ms (${worst('stable')})   goal: 30000`);
console.log(`failed requests      ${middle('failed')} (${worst('failed')})   of ${middle('asked')}`);
