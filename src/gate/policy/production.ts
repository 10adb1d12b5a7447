import type { Place } from '../../base/diagnostic.ts';
import type { EnvironmentDefinition, Protection } from '../../pipeline/plan-environment.ts';
import type { GateCondition, GatePreset } from '../../pipeline/plan-gate.ts';
import { PRESETS } from './preset.ts';

/** What must be true before anything goes to a production environment. */
export interface ProductionPolicy {
  readonly gates: readonly GateCondition[];
  /** How many different people must agree. */
  readonly approvals: number;
  /** Whether the author of the change may be one of them. */
  readonly authorAllowed: boolean;
}

/** The blocking gates that a deployment can know before it begins, in the order of their stages. */
const BEFORE: readonly GatePreset[] = [
  'compilation',
  'dependency-audit',
  'coverage-unit',
  'coverage-integration',
  'sast',
  'dast',
  'sca',
  'secrets',
  'container',
  'licenses',
];

/** Judged while a deployment goes on, and when it is done: a failure takes it back. */
export const DEPLOYMENT_PRESETS: readonly GatePreset[] = (Object.keys(PRESETS) as GatePreset[]).filter(
  (name) => PRESETS[name].when !== 'before',
);

/** A condition that is only a preset. */
export function presetCondition(preset: GatePreset, place: Place): GateCondition {
  return {
    name: preset,
    preset,
    metric: null,
    atLeast: null,
    atMost: null,
    notBelow: null,
    severities: {},
    scope: null,
    minSample: null,
    mode: null,
    missing: null,
    exceptions: [],
    place,
  };
}

/** The default policy of a production environment: every blocking gate, and two people who are not the author. */
export function defaultPolicy(place: Place): ProductionPolicy {
  return {
    gates: BEFORE.map((preset) => presetCondition(preset, place)),
    approvals: 2,
    authorAllowed: false,
  };
}

/** What protects an environment: what it says, or the default of its type. */
export function protectionOf(environment: EnvironmentDefinition): Protection {
  if (environment.protection) return environment.protection;
  const nothing = { approvers: [], windows: [], freezes: [], branches: [] };
  return environment.type === 'production'
    ? { ...nothing, ...defaultPolicy(environment.place) }
    : { ...nothing, approvals: 0, authorAllowed: true, gates: [] };
}
