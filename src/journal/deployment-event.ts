import type { JsonObject } from '../base/json.ts';

/*
 * What happens to a deployment. Its stream is written by its owner only; what other processes ask for reaches the owner through
 * the deployment's inbox and is copied with its actor. An intent is durable before its effect, a receipt follows it.
 */

/**
 * succeeded: the candidate is proven. rolled-back: it harmed or failed, and what ran before serves again (a first release: nothing
 * serves). cancelled: it ended before anything was changed. stranded: neither version is wholly in place, and a person must act.
 */
export type DeploymentOutcome = 'succeeded' | 'rolled-back' | 'cancelled' | 'stranded';

/** Forth: to the candidate. Back: to what ran before. */
export type Way = 'forth' | 'back';

/**
 * Which list of the plan's way back is gone. `warm`: the old version still runs. `data`: its data are taken back too. `part`: some
 * hosts keep the candidate.
 */
export type BackRoute = 'warm' | 'cold' | 'data' | 'part';

/** Why it goes back. */
export type RollbackTrigger =
  /** Evidence says harm. */
  | 'harm'
  /** An alert or a script of the user's fired. */
  | 'alarm'
  /** Instances of the candidate are not healthy, or ended. */
  | 'health'
  /** A step failed. */
  | 'step-failed'
  /** A step, or the deployment, took too long. */
  | 'deadline'
  /** Evidence decided nothing in time. */
  | 'undecided'
  /** There was no evidence that could be judged. */
  | 'no-data'
  /** A person asked for it. */
  | 'asked'
  /** A newer deployment takes its place. */
  | 'superseded'
  /** Another member of its train goes back. */
  | 'train';

export type JudgedAs = 'harm' | 'safe' | 'undecided' | 'no-data';

/** What evidence said when a window was judged: enough to follow the decision, and to judge the windows again. */
export interface EvidenceFigures {
  /** ln E that it is harmful, of all statistical triggers together; harm at `alarm`. */
  readonly lnE: number | null;
  readonly alarm: number;
  /** ln E that it is safe; proven at `alarm`. */
  readonly lnSafe: number | null;
  /** Since the release began. */
  readonly canary: { readonly requests: number; readonly errors: number };
  readonly baseline: { readonly requests: number; readonly errors: number };
  /** Requests since the present weight was set. */
  readonly fresh: { readonly canary: number; readonly baseline: number };
  /** How many times the baseline's error rate the canary's is, with its interval; null where it cannot be told. */
  readonly ratio: {
    readonly ratio: number | null;
    readonly low: number | null;
    readonly high: number | null;
  } | null;
  /** Canary requests that it takes on average until harm, or safety, is proven. */
  readonly needed: { readonly harm: number | null; readonly safe: number | null };
}

export type DeploymentEvent =
  /** A deployment was asked for and accepted; holds everything that decides its course. */
  | {
      readonly type: 'deployment.requested';
      readonly deploymentId: string;
      /** Whose environment it is: two repositories may both have a `production`. */
      readonly repository: string;
      readonly service: string;
      readonly environment: string;
      /** `rollback`: it goes back to a release that was proven before. */
      readonly kind: 'release' | 'rollback';
      /** Digests; `stable` is what ran before, null for a first release. */
      readonly candidate: string;
      readonly stable: string | null;
      /** The whole plan (delivery/plan.ts). */
      readonly plan: JsonObject;
      readonly by: string;
      readonly reason: string | null;
      /** Deployments that go forth and back together. */
      readonly trainId: string | null;
      /** What gate verdicts and approvals must be about. Another one of any of them is refused. */
      readonly binding: DeploymentBinding;
      /**
       * What is deployed and where, as the pipeline file defined it when it was asked for (delivery/definition.ts): whoever takes over
       * needs no file. Of a release that was proven it is also how to start it again.
       */
      readonly definition?: JsonObject;
      /** What becomes of an older deployment of the service that has the environment: it is waited for (left out), or has to go back. */
      readonly turn?: 'queue' | 'supersede';
    }
  /** A process became the owner: at the start, and again at each resume. */
  | {
      readonly type: 'deployment.owned';
      readonly owner: string;
      readonly fence: number;
      readonly resumed: boolean;
    }
  /** Another deployment has the environment. */
  | { readonly type: 'deployment.queued'; readonly behind: readonly string[] }
  /** It has the environment: no other deployment changes it until this one has finished. */
  | {
      readonly type: 'deployment.admitted';
      /** Of the environment's lease: goes with every effect, so that a late owner is refused. */
      readonly token: number;
    }
  /** It may not begin yet: people must agree, or it is outside of its windows. `untilMs`: when a window opens; null: a person decides. */
  | {
      readonly type: 'deployment.waiting';
      readonly approvalsLeft: number;
      readonly closed: string | null;
      readonly untilMs: number | null;
    }
  /** A person agreed. */
  | { readonly type: 'deployment.approved'; readonly by: string; readonly reason: string | null }
  /** A person refused; the deployment ends. */
  | { readonly type: 'deployment.rejected'; readonly by: string; readonly reason: string }
  /** An approval was not counted, and why. */
  | { readonly type: 'deployment.approval-refused'; readonly by: string; readonly reason: string }
  /** A person let it pass a freeze or a closed window. */
  | { readonly type: 'deployment.window-overridden'; readonly by: string; readonly reason: string }
  /** Nothing holds it back any more: the first step may begin. */
  | { readonly type: 'deployment.permitted' }
  /** Intent: the effect of this step is about to be asked for, under `key`. */
  | {
      readonly type: 'deployment.step-started';
      readonly way: Way;
      readonly step: string;
      /** Counts from 1; a further attempt follows one that failed. */
      readonly attempt: number;
      /** The target and the router do what has this key once at most. */
      readonly key: string;
      /** Grows with each intent of a deployment: the router refuses what is older than what it has done. */
      readonly order: number;
    }
  /** What became of the effect is not known; the world is asked before anything is done again. */
  | { readonly type: 'deployment.step-unknown'; readonly key: string; readonly reason: string }
  /** The world says that the effect did not happen: it is asked for again under the same key. */
  | { readonly type: 'deployment.step-repeated'; readonly key: string }
  /** Receipt: the step (this attempt of it) is over. */
  | {
      readonly type: 'deployment.step-finished';
      readonly way: Way;
      readonly step: string;
      readonly attempt: number;
      readonly outcome: 'done' | 'failed' | 'skipped';
      /** Whether it was told by whoever did it, or found by asking the world. */
      readonly foundBy: 'reply' | 'probe' | 'decision';
      readonly reason: string | null;
      readonly durationMs: number;
      /** What it found out, such as the thresholds of latency. */
      readonly outputs: JsonObject;
      /** A further attempt follows after this time. */
      readonly retryAfterMs: number | null;
      /** The place refused it before anything was done, for a reason of its own, such as a full disk: the candidate is not at fault. */
      readonly refused?: true;
    }
  /** Receipt: the router has these weights, in percent; they sum to 100. Without a router they are shares of the hosts. */
  | {
      readonly type: 'deployment.weight-set';
      readonly candidatePercent: number;
      readonly stablePercent: number;
    }
  /** A window of both versions was judged. */
  | {
      readonly type: 'deployment.observed';
      readonly step: string;
      /** Counts the looks of the deployment. */
      readonly look: number;
      /** How long was looked at, by a clock that does not jump. */
      readonly coveredMs: number;
      /** The window that was judged, with the weight and the time of the evidence; null when none came. */
      readonly window: JsonObject | null;
      readonly verdict: JudgedAs;
      readonly reason: string;
      readonly figures: EvidenceFigures | null;
    }
  /** The step's time is over, and evidence does not let it go on: it is held until `deadlineMs` after the step began. */
  | {
      readonly type: 'deployment.held';
      readonly step: string;
      readonly verdict: JudgedAs;
      readonly reason: string;
      readonly deadlineMs: number;
    }
  /** A person let a held step go on. */
  | { readonly type: 'deployment.proceeded'; readonly by: string; readonly reason: string }
  /** It should go back, and a person decides whether: the way back is in the plan. */
  | {
      readonly type: 'deployment.decision-asked';
      readonly trigger: RollbackTrigger;
      readonly reason: string;
      readonly deadlineMs: number;
    }
  /** A deadline passed. */
  | {
      readonly type: 'deployment.deadline-passed';
      readonly scope: 'queue' | 'permission' | 'step' | 'decision' | 'deployment' | 'way-back';
      readonly limitMs: number;
    }
  /** It goes back, for this reason. Once at most in a deployment. */
  | {
      readonly type: 'deployment.rollback-begun';
      readonly trigger: RollbackTrigger;
      readonly reason: string;
      readonly by: string | null;
      readonly route: BackRoute;
      readonly fromPercent: number;
    }
  /** The route that was taken cannot be finished; another one is taken. */
  | { readonly type: 'deployment.rerouted'; readonly route: BackRoute; readonly reason: string }
  /** The candidate had all the traffic for the whole bake: it is the last proven release from now on. */
  | { readonly type: 'deployment.baked'; readonly digest: string }
  /** What somebody asked for changes nothing, and why. */
  | {
      readonly type: 'deployment.ask-ignored';
      readonly by: string;
      readonly asked: 'approve' | 'reject' | 'override' | 'proceed' | 'cancel' | 'train-back';
      readonly reason: string;
    }
  /** Something a person should see that does not change the course. */
  | { readonly type: 'deployment.warning'; readonly message: string }
  /** The deployment is over, with exactly one outcome. */
  | {
      readonly type: 'deployment.finished';
      readonly outcome: DeploymentOutcome;
      readonly sentence: string;
      readonly durationMs: number;
      /** What serves now; null: nothing. With `partly` set, it serves there only. */
      readonly serving: string | null;
      readonly partly: readonly string[];
      /** How far changes of data went. */
      readonly data: 'unchanged' | 'changed' | 'taken-back' | 'unknown';
    };

/**
 * What other processes ask of a deployment's owner, in the deployment's inbox. The event's actor is who asks. The owner copies what it
 * accepts into the deployment's own stream.
 */
export type DeploymentAskedEvent =
  /** Somebody agrees or refuses, while it waits for people. */
  | {
      readonly type: 'deployment.answered';
      readonly decision: 'approve' | 'reject';
      /** Names of their teams, without `team/`. */
      readonly teams: readonly string[];
      readonly reason: string | null;
      /** Digests of what they saw when they answered: `artifact` and `plan` of the binding. */
      readonly artifact: string;
      readonly plan: string;
    }
  /** It is to begin in spite of a freeze or a closed window. */
  | { readonly type: 'deployment.override-requested'; readonly reason: string }
  /** A held step, or a candidate that should go back, is to go on. */
  | { readonly type: 'deployment.proceed-requested'; readonly reason: string }
  /** It is to end: before the first step at once, later by going back. */
  | { readonly type: 'deployment.cancel-requested'; readonly reason: string }
  /** The deployment `member` of its train goes back, so it has to as well. */
  | { readonly type: 'deployment.train-back-requested'; readonly member: string; readonly reason: string };

/** Digests of what was judged and approved. null: not bound. */
export interface DeploymentBinding {
  readonly commit: string | null;
  readonly artifact: string;
  readonly plan: string;
  readonly policy: string | null;
}

/** What happens to an artifact digest, in every environment. */
export type ReleaseEvent =
  /** It harmed: no environment takes it until this is lifted. */
  | {
      readonly type: 'release.quarantined';
      readonly digest: string;
      readonly service: string;
      readonly deploymentId: string;
      readonly reason: string;
    }
  /** A person takes responsibility for it. */
  | {
      readonly type: 'release.quarantine-lifted';
      readonly digest: string;
      readonly by: string;
      readonly reason: string;
    };

/** What an environment is to run, and whose turn it is to change that. */
export type EnvironmentEvent =
  /** A deployment asks for the environment. */
  | {
      readonly type: 'environment.claimed';
      readonly deploymentId: string;
      readonly service: string;
      readonly policy: 'queue' | 'supersede';
    }
  /** It is done with it, or gave up. */
  | {
      readonly type: 'environment.released';
      readonly deploymentId: string;
      readonly reason: 'finished' | 'superseded' | 'owner-gone';
    }
  /** Whatever reconciles this environment keeps to this digest. */
  | {
      readonly type: 'environment.pinned';
      readonly service: string;
      readonly digest: string;
      readonly deploymentId: string;
      readonly reason: string;
    };
