import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DockerEngine } from './docker-engine.ts';

const PROCESS = fileURLToPath(new URL('./registry-process.ts', import.meta.url));
const PORT = 5000;
const OCI = 'application/vnd.oci.image';

/** A registry that an engine reaches. To be stopped by the caller. */
export interface Registry {
  /** Without tag or digest. */
  readonly image: string;
  /** Makes an image of these files, which Node runs by `main.js`; returns its digest. */
  push(files: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts it where the engine's ports are; engines take what they get from the loopback without TLS. */
export async function startRegistry(engine: DockerEngine, folder: string): Promise<Registry> {
  const blobs = join(folder, 'registry');
  mkdirSync(blobs);
  const child = engine.startInNetwork(process.execPath, [PROCESS, blobs, String(PORT)]);
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const node = layerOf(blobs, nodeIn(join(folder, 'node')));
  return {
    image: `127.0.0.1:${PORT}/links`,
    push: async (files) => {
      const root = join(dirname(files), 'root');
      cpSync(files, join(root, 'srv'), { recursive: true });
      const layers = [node, layerOf(blobs, root)];
      const config = blobOf(blobs, `${OCI}.config.v1+json`, {
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: { Cmd: ['/node', 'main.js'], WorkingDir: '/srv', Env: ['HOST=0.0.0.0'] },
        // Layers that are not compressed are what their digests say.
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      });
      const mediaType = `${OCI}.manifest.v1+json`;
      return blobOf(blobs, mediaType, { schemaVersion: 2, mediaType, config, layers }).digest;
    },
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The Node that runs the tests, with the libraries that it is linked to. */
function nodeIn(root: string): string {
  const linked = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const file of linked.match(/\/\S+/g)!) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
  copyFileSync(process.execPath, join(root, 'node'));
  return root;
}

function layerOf(blobs: string, root: string): Descriptor {
  const file = join(blobs, 'layer');
  execFileSync('tar', ['-C', root, '-cf', file, '.']);
  const content = readFileSync(file);
  const digest = digestOf(content);
  renameSync(file, join(blobs, digest.replace(':', '-')));
  return { mediaType: `${OCI}.layer.v1.tar`, digest, size: content.length };
}

function blobOf(blobs: string, mediaType: string, value: unknown): Descriptor {
  const content = Buffer.from(JSON.stringify(value));
  const digest = digestOf(content);
  writeFileSync(join(blobs, digest.replace(':', '-')), content);
  return { mediaType, digest, size: content.length };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
