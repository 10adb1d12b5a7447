/*
 * node bench/canary.ts [seed]: how many canary requests, and how many failed ones, a harmful release costs until it is rolled
 * back, and how often a good one is, at alpha = 0.01 and a weight of 10 %. Beside Sluice's judge: the rules of Argo Rollouts,
 * Flagger and Kayenta on exactly the same traffic. Goals (issue E): 5 % v 0.3 % median <= 80 and p90 <= 190; 1.2 % v 0.3 %
 * median <= 900; false alarms <= 1 % + 3 sd of 20,000 good releases with the default triggers on.
 */
import { beginJudging, judge } from '../src/delivery/analysis/judge.ts';
import { DEFAULT_POLICY, type Policy } from '../src/delivery/analysis/policy.ts';
import { learnFrom } from '../src/delivery/analysis/replay.ts';
import { BAD_SHARE_DEFAULT, compileThreshold } from '../src/delivery/analysis/threshold.ts';
import type { Window } from '../src/delivery/analysis/window.ts';
import { Seeded } from '../test/sim/random.ts';
import { drawWindow, GOOD, type Traffic } from '../test/support/traffic.ts';
import { kayentaClassify } from './support/judge/kayenta.ts';
import { argoRule, flaggerRule, type Rule } from './support/judge/threshold-rules.ts';

/** Told of one window after the other; true: roll back. */
type Method = (window: Window) => boolean;

interface Contestant {
  readonly name: string;
  /** Bad releases, then good ones, that are simulated; slow methods get fewer. */
  readonly bad: number;
  readonly good: number;
  /** Requests of the canary in one window of a good release. */
  readonly goodStep: number;
  begin(): Method;
}

const SEED = Number(process.argv[2] ?? 1);
/** Requests of the canary in one window while a bad release is watched. */
const BAD_STEP = 5;
const BAD_REQUESTS_MAX = 12_000;
const GOOD_REQUESTS = 4000;
const THRESHOLD = 0.01;
/** Minutes after which Kayenta is asked, with one point a minute. */
const KAYENTA_LOOKS = [5, 10, 15, 20, 30, 40, 50, 60];
const KAYENTA_PER_MINUTE = 100;

const learnt: Policy = { ...DEFAULT_POLICY, dispersion: learnFrom(sameVersionTwice()) };

/** What users know, all on; only the traffic tells of the first. The others have no data and never raise an alarm. */
const THRESHOLDS = [
  compileThreshold({ kind: 'error-rate', above: THRESHOLD }),
  compileThreshold({ kind: 'p95', timesBaseline: 3 }),
  compileThreshold({ kind: 'health', above: 0.1 }),
  compileThreshold({ kind: 'samples', metric: 'resources', badShareMax: BAD_SHARE_DEFAULT }),
];

const CONTESTANTS: readonly Contestant[] = [
  { name: 'Sluice, default triggers', bad: 1500, good: 20_000, goodStep: 100, begin: () => sluice(learnt) },
  {
    name: 'Sluice, and four thresholds',
    bad: 1500,
    good: 20_000,
    goodStep: 100,
    begin: () => sluice({ ...learnt, triggers: [...learnt.triggers, ...THRESHOLDS] }),
  },
  {
    name: 'Sluice, bursts not learnt yet',
    bad: 300,
    good: 2000,
    goodStep: 100,
    begin: () => sluice(DEFAULT_POLICY),
  },
  ...[20, 100, 600].map((size) => perWindow(`Argo, windows of ${size}`, size, argoRule)),
  ...[20, 100, 600].map((size) => perWindow(`Flagger, windows of ${size}`, size, flaggerRule)),
  { name: 'Kayenta, 100 requests a minute', bad: 200, good: 500, goodStep: 100, begin: kayenta },
];

function sameVersionTwice(): Window[] {
  const random = new Seeded(SEED);
  const traffic = { ...trafficOf(GOOD.errorRate, 500), baselineRequests: 500 };
  return Array.from({ length: 480 }, (_, index) => drawWindow(random, traffic, index));
}

function trafficOf(errorRate: number, canaryRequests: number): Traffic {
  const canary = { ...GOOD, errorRate };
  return { canary, baseline: GOOD, canaryRequests, baselineRequests: canaryRequests * 9, variation: 0 };
}

function sluice(policy: Policy): Method {
  let state = beginJudging(policy);
  return (window) => {
    state = judge(state, window).state;
    return state.harm !== null;
  };
}

/** A rule that compares the error rate of each so many canary requests with the threshold. */
function perWindow(name: string, size: number, makeRule: () => Rule): Contestant {
  const begin = (): Method => {
    const rule = makeRule();
    let [requests, errors] = [0, 0];
    return ({ canary }) => {
      requests += canary.requests;
      errors += canary.errors;
      if (requests < size) return false;
      const isBad = errors / requests > THRESHOLD;
      [requests, errors] = [0, 0];
      return rule(isBad);
    };
  };
  return { name, bad: 1500, good: 20_000, goodStep: 20, begin };
}

function kayenta(): Method {
  const [canaryPoints, baselinePoints]: [number[], number[]] = [[], []];
  let [requests, canaryErrors, baselineErrors] = [0, 0, 0];
  return ({ canary, baseline }) => {
    requests += canary.requests;
    canaryErrors += canary.errors;
    baselineErrors += baseline.errors;
    if (requests < KAYENTA_PER_MINUTE) return false;
    canaryPoints.push(canaryErrors / requests);
    baselinePoints.push(baselineErrors / (requests * 9));
    [requests, canaryErrors, baselineErrors] = [0, 0, 0];
    if (!KAYENTA_LOOKS.includes(canaryPoints.length)) return false;
    return kayentaClassify(canaryPoints, baselinePoints) === 'High';
  };
}

interface Detection {
  readonly median: number | null;
  readonly p90: number | null;
  /** Failed canary requests until rollback, in the median. */
  readonly failed: number;
}

function detect({ bad, begin }: Contestant, errorRate: number): Detection {
  const traffic = trafficOf(errorRate, BAD_STEP);
  const runs = Array.from({ length: bad }, (_, run) => {
    const random = new Seeded(SEED * 1_000_003 + run);
    const method = begin();
    let [requests, failed, isFound] = [0, 0, false];
    for (let index = 0; !isFound && requests < BAD_REQUESTS_MAX; index++) {
      const window = drawWindow(random, traffic, index);
      requests += window.canary.requests;
      failed += window.canary.errors;
      isFound = method(window);
    }
    return { requests: isFound ? requests : Number.POSITIVE_INFINITY, failed };
  });
  const requests = runs.map((run) => run.requests).sort((a, b) => a - b);
  const failed = runs.map((run) => run.failed).sort((a, b) => a - b);
  const at = (part: number) => {
    const value = requests[Math.floor(bad * part)]!;
    return Number.isFinite(value) ? value : null;
  };
  return { median: at(0.5), p90: at(0.9), failed: failed[Math.floor(bad / 2)]! };
}

function falseAlarms({ good, goodStep, begin }: Contestant): number {
  const traffic = trafficOf(GOOD.errorRate, goodStep);
  let alarms = 0;
  for (let run = 0; run < good; run++) {
    const random = new Seeded(SEED * 2_000_003 + run);
    const method = begin();
    for (let index = 0; index * goodStep < GOOD_REQUESTS; index++) {
      if (!method(drawWindow(random, traffic, index))) continue;
      alarms++;
      break;
    }
  }
  return alarms / good;
}

const show = ({ median, p90, failed }: Detection): string =>
  `${`${median ?? 'never'} / ${p90 ?? 'never'}`.padStart(13)}  ${String(failed).padStart(6)}`;

console.log(`weight 10 %, alpha 0.01, baseline 0.3 % errors, seed ${SEED}`);
console.log('until rollback: canary requests (median / 90th percentile), failed canary requests (median)\n');
const columns = ['5 % errors'.padStart(21), '1.2 % errors'.padStart(21), 'false alarms'];
console.log(`${''.padEnd(31)}${columns.join('  ')}`);
for (const contestant of CONTESTANTS) {
  const strong = detect(contestant, 0.05);
  const weak = detect(contestant, 0.012);
  const alarms = falseAlarms(contestant);
  const rate = `${(alarms * 100).toFixed(2)} % of ${contestant.good}`;
  console.log(`${contestant.name.padEnd(31)}${show(strong)}  ${show(weak)}  ${rate}`);
}
const worst = 0.01 + 3 * Math.sqrt((0.01 * 0.99) / 20_000);
console.log(
  `\ngoals for Sluice: 80 / 190 at 5 %, a median of 900 at 1.2 %, false alarms <= ${(worst * 100).toFixed(2)} %`,
);
