import type { Stage } from './stage.js';

/** Where a step stands in the script, for history and report. */
export interface StepPlace {
  path: string;
  text: string;
}

export interface Expectation {
  requirement: string;
  expected: string;
  seen: string;
  met: boolean;
  waitedMs: number;
  /** Missed only because a time bound passed. */
  late?: boolean;
  message?: string;
}

/** Records what became of an expectation. Returns whether the script may go on. */
export const recordExpectation = (stage: Stage, place: StepPlace, result: Expectation): boolean => {
  const { requirement, expected, seen, met, waitedMs, late, message } = result;
  stage.record({
    kind: 'step',
    step: place.path,
    text: place.text,
    requirement,
    outcome: met ? 'met' : 'missed',
    expected,
    seen,
    waitedMs: Math.round(waitedMs),
    ...(late && !met ? { late } : {}),
    ...(message === undefined ? {} : { message }),
  });
  return met;
};

/** Records that a precondition was not reached: nobody is to blame, nothing is proven. */
export const recordUnreached = (stage: Stage, place: StepPlace, expected: string, seen: string): false => {
  stage.record({
    kind: 'step',
    step: place.path,
    text: place.text,
    requirement: '',
    outcome: 'unreached',
    expected,
    seen,
    waitedMs: 0,
  });
  return false;
};

/** Records a fault of the script and whether it fired. */
export const recordFault = (
  stage: Stage,
  place: StepPlace,
  fault: string,
  fired: boolean,
  aim: { client?: string; packet?: string; message?: string } = {},
): void => stage.record({ kind: 'fault', fault, step: place.path, fired, ...aim });
