// Starts the built service as production would, asks it for its version, and stops it with grace.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const service = spawn(process.execPath, ['dist/main.js'], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
service.stdout.pipe(createWriteStream('service.log'));

try {
  for await (const line of createInterface({ input: service.stdout })) {
    const { message, port } = JSON.parse(line);
    if (message !== 'started') continue;
    await expectVersion(`http://127.0.0.1:${port}`, process.env.BUILD_VERSION);
    service.kill('SIGTERM');
  }
  const [code] = service.exitCode === null ? await once(service, 'exit') : [service.exitCode];
  if (code !== 0) throw new Error(`the service ended with exit code ${code}`);
  console.log('stopped with grace');
} finally {
  service.kill('SIGKILL');
}

async function expectVersion(address: string, expected: string | undefined): Promise<void> {
  const { version } = (await (await fetch(`${address}/version`)).json()) as { version: string };
  if (version !== expected) throw new Error(`expected version ${expected}, the service says ${version}`);
  console.log(`version ${version} answers`);
}
