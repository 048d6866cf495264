import type { ErrorCode, Fault, Miss, RequirementId } from '../../schemas/index.js';
import type { Refused } from './ports.js';
import type { Untimed } from './untimed.js';

/** Writes the history. */
interface Recorder {
  record(event: Untimed): void;
}

/** Where a step stands in the script, for history and report. */
export interface StepPlace {
  path: string;
  text: string;
  /** Whose step it is, if it is a client's. */
  client?: string;
}

export interface Expectation {
  requirement: RequirementId;
  expected: string;
  seen: string;
  met: boolean;
  waitedMs: number;
  /** How it was missed, if it was. */
  miss: Miss;
  /** Of the connection that ended before it came. */
  closeCode?: number | undefined;
  /** Missed only because a time bound passed. */
  late?: boolean;
  /** The packet that was waited for. */
  awaits?: { packet: string; status?: string };
  message?: string;
  /** The server put it off again and again, as it may at any time: nobody is to blame. */
  refused?: ErrorCode;
}

/** Records what became of an expectation. Returns whether the script may go on. */
export const recordExpectation = (stage: Recorder, place: StepPlace, result: Expectation): boolean => {
  const { requirement, expected, seen, met, waitedMs, miss, closeCode, late, awaits, message, refused } = result;
  if (!met && refused !== undefined) {
    return recordUnreached(stage, place, expected, `the server answered ${refused} as long as it was asked`);
  }
  stage.record({
    kind: 'step',
    step: place.path,
    text: place.text,
    requirement,
    outcome: met ? 'met' : 'missed',
    expected,
    seen,
    waitedMs: Math.round(waitedMs),
    ...(place.client === undefined ? {} : { client: place.client }),
    ...(met ? {} : { miss }),
    ...(met || closeCode === undefined ? {} : { closeCode }),
    ...(late && !met ? { late } : {}),
    ...(met || awaits === undefined ? {} : { awaits }),
    ...(message === undefined ? {} : { message }),
  });
  return met;
};

export const CLOSED_BY_A_FAULT = 'a connection was closed, as it may be around the fault of a node';

/** Records that a precondition was not reached: nobody is to blame, nothing is proven. */
export const recordUnreached = (stage: Recorder, place: StepPlace, expected: string, seen: string): false => {
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

/** Through a dialect: the step waits for what the foreign protocol does not have, and the script goes on without. */
export const recordSkipped = (stage: Recorder, place: StepPlace, why: string): true => {
  const { path: step, text } = place;
  const none = { expected: '', seen: why, waitedMs: 0 };
  stage.record({ kind: 'step', step, text, requirement: '', outcome: 'skipped', ...none });
  return true;
};

/**
 * Records that a client could not connect: a breach of IM-1-1 when the server did not select the subprotocol or
 * minds the form of the request, otherwise a precondition that was not reached; or that a foreign protocol has no such
 * user.
 */
export const recordNotConnected = (stage: Recorder, place: StepPlace, client: string, refused: Refused): false => {
  const expected = `${client} can connect with the subprotocol im.ran.v1`;
  const { refusal, error, cannot } = refused;
  if (cannot !== undefined) {
    stage.record({ kind: 'cannot', client, why: cannot });
    return false;
  }
  if (refusal !== 'subprotocol' && refusal !== 'form') return recordUnreached(stage, place, expected, error);
  recordExpectation(stage, place, {
    requirement: 'IM-1-1',
    expected,
    seen: error,
    met: false,
    miss: 'observed',
    waitedMs: 0,
  });
  return false;
};

/** Records a fault of the script and whether it fired. */
export const recordFault = (
  stage: Recorder,
  place: StepPlace,
  fault: Fault,
  fired: boolean,
  aim: { client?: string; packet?: string; message?: string; detail?: string; node?: number } = {},
): void => stage.record({ kind: 'fault', fault, step: place.path, fired, ...aim });
