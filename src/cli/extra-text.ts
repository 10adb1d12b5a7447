import { formatDuration } from '../base/duration.ts';
import { formatBytes } from '../base/size.ts';
import { counted, visible } from '../base/text.ts';
import type { CacheUse, CellExtras, DeploymentUse, KeptArtifact, WorkUse } from '../journal/run-event.ts';

/** As many digits of a digest as find it again. */
const DIGEST_DIGITS = 12;

/** Of what an attempt did besides its steps, what changed something: for lines that come as it goes on. */
export function eventfulTexts(extras: CellExtras): readonly string[] {
  const caches = extras.caches?.filter(({ action }) => action !== 'not-saved') ?? [];
  return extraTexts({ ...extras, caches });
}

/** What an attempt of a cell did besides its steps, one sentence each: work, caches, artifacts, a deployment. */
export function extraTexts({ work, caches = [], kept = [], deployment }: CellExtras): readonly string[] {
  return [
    ...(work ? [workText(work)] : []),
    ...caches.map(cacheText),
    ...kept.map(artifactText),
    ...(deployment ? [deploymentText(deployment)] : []),
  ];
}

/** Whether work was skipped, and why or why not. */
export function workText({ sentence, savedMs }: WorkUse): string {
  return `${visible(sentence)}${savedText(savedMs)}`;
}

/** The same in a few words, where there is one line for a whole job; what did not help is left out. */
export function extrasInShort({ work, caches = [], kept = [] }: CellExtras): readonly string[] {
  const restored = caches.filter(({ action }) => action === 'restored');
  const savedMs = restored.reduce((sum, one) => sum + one.savedMs, 0);
  return [
    ...(work && work.reusedFrom !== null ? [`reused from ${work.reusedFrom}`] : []),
    ...(restored.length > 0 ? [`cache restored${savedText(savedMs)}`] : []),
    ...kept.map(({ name, version }) => `${visible(name)} ${visible(version)}`),
  ];
}

/** A key often ends in a whole digest, of which the beginning is enough for people. */
function cacheText({ sentence, savedMs }: CacheUse): string {
  const short = visible(sentence).replace(
    /[0-9a-f]{40,}/g,
    (digest) => `${digest.slice(0, DIGEST_DIGITS)}...`,
  );
  return `${short}${savedText(savedMs)}`;
}

function artifactText({ name, version, files, bytes, digest }: KeptArtifact): string {
  return `artifact ${visible(name)} ${visible(version)} (${counted(files, 'file')}, ${formatBytes(bytes)}) sha256:${digest.slice(0, DIGEST_DIGITS)}`;
}

function deploymentText({ deploymentId, service, version, environment, isBack }: DeploymentUse): string {
  const what = `${visible(service)} ${visible(version)} to ${visible(environment)}`;
  const how = isBack ? `did not bring ${what}` : `brought ${what}`;
  return `deployment ${deploymentId} ${how}: sluice deployment show ${deploymentId}`;
}

function savedText(savedMs: number): string {
  return savedMs > 0 ? `, saved ${formatDuration(savedMs)}` : '';
}
