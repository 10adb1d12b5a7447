import type { Plan } from '../plan.ts';
import type { Exported, ExportTarget } from './contract.ts';
import { exportGithub } from './github/workflow.ts';
import { exportGitlab } from './gitlab/pipeline.ts';

/** A plan as the files of another system, with everything that they cannot say. */
export function exportPlan(plan: Plan, target: ExportTarget): Exported {
  switch (target) {
    case 'github':
      return exportGithub(plan);
    case 'gitlab':
      return exportGitlab(plan);
    default:
      throw new Error(target);
  }
}
