/**
 * What a step in a warm job container costs, beside a plain `docker exec`: `node bench/docker.ts [rotations]`. Starts an engine of its
 * own, and ends it. Both take turns; the medians of each are told as one ratio.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { missingForDocker, startDockerEngine } from '../test/support/docker-engine.ts';
import { containedIn, openTestExecutor } from '../test/support/docker-harness.ts';
import { line, median } from './support/measure.ts';

const GOAL = 1.2;
const rotations = Number(process.argv[2] ?? 40);
const missing = await missingForDocker();
if (missing !== null) throw new Error(`an engine is missing: ${missing}`);

const engine = await startDockerEngine();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-bench-')));
try {
  const executor = await openTestExecutor(join(folder, 'docker'), engine.environment);
  const job = await executor.openJob({ jobKey: 'bench.job', confinement: containedIn(folder) });
  const container = (await engine.docker.call(['ps', '--quiet'])).output;
  let count = 0;
  const contestants = {
    plain: async () => {
      const words = ['exec', container, 'sh', '-c', 'echo done'];
      const { program, environment } = engine.docker;
      const child = spawn(program, words, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
      await once(child, 'close');
    },
    step: async () => {
      const step = await job.start({
        stepKey: `step-${count++}`,
        command: ['sh', '-c', 'echo done'],
        directory: folder,
        environment: { PATH: '/bin', CI: 'true' },
        tty: false,
        onOutput: () => {},
      });
      const { exit } = await step.ended;
      if (exit.kind !== 'code' || exit.code !== 0) throw new Error(JSON.stringify(exit));
    },
  };
  const times = { plain: [] as number[], step: [] as number[] };
  for (let rotation = 0; rotation <= rotations; rotation++) {
    for (const name of ['plain', 'step'] as const) {
      const beganMs = performance.now();
      await contestants[name]();
      // The first rotation warms both up.
      if (rotation > 0) times[name].push(performance.now() - beganMs);
    }
  }
  await job.close();
  job.forget();
  await executor.shutdown();
  const [step, plain] = [median(times.step), median(times.plain)];
  const detail = `${step.toFixed(0)} ms, docker exec ${plain.toFixed(0)} ms, ${rotations} rotations`;
  line('a step in a warm job container', step / plain, `<= ${GOAL}x`, detail);
} finally {
  rmSync(folder, { recursive: true, force: true });
  await engine.stop();
}
