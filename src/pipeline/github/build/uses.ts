import type { PlanUses } from '../../plan-action.ts';

/** An action as `uses` names it; null when it is none. `given`: what stands under `with`. */
export function usesOf(text: string, given: Readonly<Record<string, string>>): PlanUses | null {
  if (text.startsWith('docker://')) {
    const image = text.slice('docker://'.length);
    return image === '' ? null : { kind: 'docker', image, with: given };
  }
  if (text === '.' || /^[.$]\//.test(text)) return { kind: 'local', path: text, with: given };
  const named = /^([\w.-]+\/[\w.-]+)(?:\/([^@\s]+))?@([^\s@]+)$/.exec(text);
  if (!named) return null;
  const [, repository, path, ref] = named;
  return { kind: 'repository', repository: repository!, path: path ?? null, ref: ref!, with: given };
}
