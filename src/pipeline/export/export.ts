import type { Plan } from '../plan.ts';
import { exportAzure } from './azure/pipeline.ts';
import { exportCircleci } from './circleci.ts';
import { exportCodepipeline } from './codepipeline.ts';
import type { Exported, ExportTarget } from './contract.ts';
import { exportGithub } from './github/workflow.ts';
import { exportGitlab } from './gitlab/pipeline.ts';
import { exportJenkins } from './jenkins.ts';

/** A plan as the files of another system, with everything that they cannot say. */
export function exportPlan(plan: Plan, target: ExportTarget): Exported {
  switch (target) {
    case 'github':
      return exportGithub(plan);
    case 'gitlab':
      return exportGitlab(plan);
    case 'jenkins':
      return exportJenkins(plan);
    case 'circleci':
      return exportCircleci(plan);
    case 'azure':
      return exportAzure(plan);
    case 'codepipeline':
      return exportCodepipeline(plan);
  }
}
