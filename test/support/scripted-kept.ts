import { userError } from '../../src/base/diagnostic.ts';
import type {
  ArtifactDownload,
  ArtifactFile,
  ArtifactGiven,
  ArtifactRecord,
  Artifacts,
  Caches,
  CacheView,
} from '../../src/client/contract.ts';

/** Artifacts in memory: what is asked of them is written down. */
export class ScriptedArtifacts implements Artifacts {
  records: ArtifactRecord[] = [];
  entries: ArtifactFile[] = [];
  readonly asked: [what: string, ...rest: unknown[]][] = [];

  async find({
    repository,
    runId,
    name,
    version,
    digest,
    commit,
    branch,
    metadata,
    limit,
  }: Parameters<Artifacts['find']>[0]) {
    const same = (wanted: string | undefined, value: string | null) =>
      wanted === undefined || wanted === value;
    return this.records
      .filter(
        (record) =>
          same(repository, record.repository) &&
          same(runId, record.runId) &&
          same(name, record.name) &&
          same(version, record.version) &&
          same(commit, record.commit) &&
          same(branch, record.branch) &&
          (digest === undefined || record.digest.startsWith(digest)) &&
          Object.entries(metadata ?? {}).every(([tag, value]) => record.metadata[tag] === value),
      )
      .slice(0, limit);
  }

  async files() {
    return this.entries;
  }

  async open(record: ArtifactRecord, path: string) {
    this.asked.push(['open', record.name, path]);
    if (!this.entries.some((entry) => entry.path === path))
      throw userError('artifact-file-unknown', `artifact ${record.name} has no file "${path}"`);
    return (async function* () {
      yield new TextEncoder().encode(`content of ${path}\n`);
    })();
  }

  async download(record: ArtifactRecord, request: ArtifactDownload) {
    this.asked.push(['download', record.name, request]);
    return { files: record.files, bytes: record.bytes };
  }

  async pack(record: ArtifactRecord, request: ArtifactDownload) {
    const { onProgress, ...rest } = request;
    onProgress?.(record.bytes);
    this.asked.push(['pack', record.name, rest]);
    return { files: record.files, bytes: record.bytes };
  }

  async upload(given: ArtifactGiven) {
    this.asked.push(['upload', given]);
    return { record: { ...this.records[0]!, name: given.name }, warnings: ['it holds node_modules'] };
  }

  async pin({ name }: ArtifactRecord) {
    this.asked.push(['pin', name]);
  }

  async unpin({ name }: ArtifactRecord, by: string | null) {
    this.asked.push(['unpin', name, by]);
  }

  async remove({ name, runId }: ArtifactRecord) {
    this.asked.push(['remove', name, runId]);
  }
}

/** Caches in memory. */
export class ScriptedCaches implements Caches {
  views: CacheView[] = [];
  readonly asked: [what: string, ...rest: unknown[]][] = [];

  async list() {
    return this.views;
  }

  async remove(_repository: string, key: string | null) {
    this.asked.push(['remove', key]);
    return this.views.filter((view) => key === null || view.key === key).length;
  }

  async prune(limits: { readonly bytesMax: number; readonly ageMaxMs: number }) {
    this.asked.push(['prune', limits]);
    return { artifacts: 1, cacheEntries: 2, contents: 30, bytes: 4_500_000 };
  }
}
