import { resolve } from 'node:path';
import { userError } from '../../src/base/diagnostic.ts';
import type { Clock } from '../../src/base/port.ts';
import { runCli } from '../../src/cli/cli.ts';
import type { CliPorts, Output, PinnedAction, SandboxHealth, StorageHealth } from '../../src/cli/ports.ts';
import type { FailedPlace } from '../../src/client/contract.ts';
import type { RunSource } from '../../src/journal/run-event.ts';
import { openWorkflowReader } from '../../src/main/workflow-reader.ts';
import { STORY_SOURCE, STORY_START_MS } from './run-story.ts';
import { ScriptedClient } from './scripted-client.ts';
import { ScriptedSecrets } from './scripted-secrets.ts';

/** What a command wrote. */
class Written implements Output {
  text = '';
  isTTY = false;
  columns: number | undefined;
  rows: number | undefined;

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

/** Time that only the test moves. */
class ScriptedClock implements Clock {
  nowMs = STORY_START_MS;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  now(): number {
    return this.nowMs;
  }

  monotonic(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets so much time pass and calls what is due, in order. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.atMs <= untilMs)
        .sort((one, other) => one.atMs - other.atMs)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.nowMs = due.atMs;
      due.callback();
    }
    this.nowMs = untilMs;
  }
}

/** The command line with a scripted world: files in memory, a clock and signals in the test's hand. */
export class ScriptedWorld {
  readonly out = new Written();
  readonly err = new Written();
  readonly clock = new ScriptedClock();
  readonly client = new ScriptedClient();
  /** Absolute path to text. */
  readonly files = new Map<string, string>();
  readonly programs = new Map<string, string>([['sh', '/bin/sh']]);
  readonly modules = new Map<string, unknown>();
  readonly shells: FailedPlace[] = [];
  readonly askedCommits: (string | null)[] = [];
  environment: Record<string, string | undefined> = { LANG: 'C.UTF-8' };
  cwd = STORY_SOURCE.path;
  source: RunSource = STORY_SOURCE;
  changedPaths: readonly string[] | null = null;
  readonly plans = new Map<string, string>();
  storeDamage: readonly string[] = [];
  sandbox: SandboxHealth = { probes: 38, leaks: [], why: null };
  storage: StorageHealth = { path: '/home/ada/storage', bytes: 5_000_000, freeBytes: 9e10, why: null };
  readonly secrets = new ScriptedSecrets(this.clock);
  pinnedActions: readonly PinnedAction[] = [];
  /** Actions that a mirror has, as `owner/name`. */
  readonly mirrored = new Set<string>();
  /** What the person types when a secret value is asked for. */
  secretValue = '';
  readonly secretPrompts: string[] = [];
  openedWith: unknown = null;
  readonly #interrupts = new Set<(signal: string) => void>();
  readonly #watchers = new Set<() => void>();

  /** Performs a command: exactly what a user types after `sluice`. Resolves to the exit code. */
  run(...argv: readonly string[]): Promise<number> {
    return runCli(argv, this.ports());
  }

  interrupt(signal = 'SIGINT'): void {
    for (const listener of [...this.#interrupts]) listener(signal);
  }

  changeFile(path: string, text: string): void {
    this.files.set(path, text);
    for (const listener of [...this.#watchers]) listener();
  }

  ports(): CliPorts {
    const bytes = (path: string): Uint8Array | null => {
      const text = this.files.get(path);
      return text === undefined ? null : new TextEncoder().encode(text);
    };
    return {
      version: '1.2.3',
      out: this.out,
      err: this.err,
      environment: this.environment,
      cwd: this.cwd,
      cores: 4,
      clock: this.clock,
      files: {
        read: async (path) => this.files.get(path) ?? null,
        chunks: async function* (path) {
          const content = bytes(path);
          if (!content) throw userError('file-unreadable', `${path}: there is no such file`);
          yield content;
        },
        write: async (path, text) => {
          this.files.set(path, text);
        },
        list: async (path) => this.#list(path),
      },
      machine: {
        which: async (program) => this.programs.get(program) ?? null,
        version: async (program) => (this.programs.has(program) ? `${program} 1.0` : null),
        isolation: async () => 'no isolation: jobs run as this user',
        containers: async () => ({ engine: null, problem: 'no engine answers; start one' }),
        store: async () => ({ path: '/home/ada/.local/share/sluice', damage: this.storeDamage }),
        sandbox: async () => this.sandbox,
        storage: async () => this.storage,
      },
      openClient: async (settings) => {
        this.openedWith = settings;
        return this.client;
      },
      pour: async (chunks) => {
        for await (const chunk of chunks) this.out.write(new TextDecoder().decode(chunk));
      },
      changedPaths: async () => this.changedPaths,
      secrets: async () => this.secrets,
      actions: async () => ({
        workflow: async () => {
          throw userError('action.missing', 'nothing is mirrored here');
        },
        list: async () => this.pinnedActions,
        whereIs: async (_path, repository) =>
          this.mirrored.has(repository) ? `/mirror/${repository}.git` : null,
        update: async (_path, names) => names.map((name) => ({ name, before: null, after: 'c'.repeat(40) })),
      }),
      readSecret: async (prompt) => {
        this.secretPrompts.push(prompt);
        return this.secretValue;
      },
      openWorkflowReader,
      planCache: {
        version: () => '1.2.3',
        read: async (key) => this.plans.get(key) ?? null,
        write: async (key, text) => {
          this.plans.set(key, text);
        },
      },
      repository: async (commit) => {
        this.askedCommits.push(commit);
        return commit === null ? this.source : { ...this.source, commit, mode: 'commit', dirty: false };
      },
      renamedFrom: async () => null,
      inTreeOf: (source, use) => use(source.path),
      readSources: (source) => ({
        read: (path) => bytes(resolve(source.path, path)),
        list: (path) => this.#list(resolve(source.path, path)),
      }),
      loadModule: async (path) => this.modules.get(path),
      upkeep: async () => ({
        artifacts: 0,
        cacheEntries: 0,
        contents: 0,
        logs: 0,
        scratch: 0,
        bytes: 0,
        told: [],
      }),
      openShell: async (place) => {
        this.shells.push(place);
      },
      watchFiles: (_path, onChange) => {
        this.#watchers.add(onChange);
        return () => this.#watchers.delete(onChange);
      },
      onInterrupt: (listener) => {
        this.#interrupts.add(listener);
        return () => this.#interrupts.delete(listener);
      },
    };
  }

  #list(path: string): readonly string[] {
    const prefix = `${path === '/' ? '' : path}/`;
    const names = new Set<string>();
    for (const file of this.files.keys()) {
      if (!file.startsWith(prefix)) continue;
      const [name, ...rest] = file.slice(prefix.length).split('/');
      names.add(rest.length > 0 ? `${name}/` : name!);
    }
    return [...names].sort();
  }
}
