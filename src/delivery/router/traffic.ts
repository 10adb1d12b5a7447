import { visible } from '../../base/text.ts';
import type { Fence, Traffic } from './contract.ts';

/** Whether a change with `fence` comes too late for a router that has seen `seen`. */
export function isOlder(fence: Fence, seen: Fence | null): boolean {
  if (seen === null) return false;
  return fence.token < seen.token || (fence.token === seen.token && fence.order < seen.order);
}

/** The first reason why this is no valid traffic, as a sentence with what to do; null: it is one. */
export function findTrafficProblem({ versions, rules, stickiness, thresholdsMs }: Traffic): string | null {
  const names = new Set<string>();
  let sum = 0;
  for (const { version, weightPercent, backends } of versions) {
    const name = visible(version);
    if (version === '') return 'a version has no name';
    if (names.has(version)) return `version ${name} is named twice`;
    names.add(version);
    if (!(weightPercent >= 0 && weightPercent <= 100))
      return `version ${name} has the weight ${weightPercent}; a weight is from 0 to 100`;
    if (weightPercent > 0 && backends.length === 0)
      return `version ${name} has weight and no backend; start it before it gets traffic`;
    for (const { host, port } of backends) {
      if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535)
        return `version ${name} has the backend ${visible(host)}:${port}; a backend is a host and a port from 1 to 65535`;
    }
    sum += weightPercent;
  }
  // Hundredths of a percent do not add up exactly.
  if (Math.abs(sum - 100) > 1e-6) return `the weights sum to ${sum}, not to 100`;
  for (const { name, value, version } of rules) {
    if (!names.has(version)) return `a rule names the version ${visible(version)}, which is not there`;
    if (!TOKEN.test(name)) return `a rule names ${visible(name)}, which is no name of a header or cookie`;
    if (value === '') return `the rule for ${name} has no value`;
  }
  if (stickiness !== null && !TOKEN.test(stickiness.name))
    return `visitors are to stay by ${visible(stickiness.name)}, which is no name of a header or cookie`;
  if (thresholdsMs.some((threshold, index) => !(threshold > (thresholdsMs[index - 1] ?? 0))))
    return 'the thresholds of latency do not ascend from above 0';
  return null;
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
