import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findDocker } from '../../src/driver/docker/docker.ts';
import { which } from '../../src/machine/program.ts';
import { makeTestImage, type TestEngine } from './docker-engine.ts';

/** What is missing for Podman on this machine; null: nothing. */
export async function missingForPodman(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'run as root';
  const programs = { podman: 'podman', busybox: 'busybox-static', 'tini-static': 'tini' };
  for (const [program, pack] of Object.entries(programs))
    if ((await which(program)) === null) return `apt-get install ${pack}`;
  return null;
}

/** Podman with a store of the test's own, and the image in it. To be stopped by the caller. */
export async function openPodman(): Promise<TestEngine> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-podman-')));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // Nothing else on the PATH, since `docker` would come first.
  for (const program of ['podman', 'perl', 'sh']) symlinkSync((await which(program))!, join(bin, program));
  const storage = join(folder, 'storage.conf');
  const places = `graphroot = "${folder}/data"\nrunroot = "${folder}/run"`;
  writeFileSync(storage, `[storage]\ndriver = "vfs"\n${places}\n`);
  const settings = join(folder, 'containers.conf');
  // A machine that is itself a container may not raise the limits as far as Podman does by itself.
  const limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]';
  writeFileSync(settings, `[containers]\ninit_path = "${await which('tini-static')}"\n${limits}\n`);
  const environment = {
    PATH: bin,
    HOME: folder,
    CONTAINERS_STORAGE_CONF: storage,
    CONTAINERS_CONF: settings,
  };
  const docker = findDocker(environment)!;
  const stop = async () => {
    await docker.call(['rm', '--all', '--force', '--time', '0']);
    await docker.call(['unmount', '--all']);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await makeTestImage(docker, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  return { environment, docker, stop };
}
