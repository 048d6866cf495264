import type { ServerClass } from '../../../schemas/index.js';

/** Faults of the simulated server, each one as a real server may have it. */
export const DEFECTS = {
  none: [],
  acceptsTwice: ['IM-4.2-2', 'IM-4.2-4', 'IM-4.2-6', 'IM-4.2-30'],
  dedupByMsgIdOnly: ['IM-2-5'],
  answersTwice: ['IM-2-2'],
  wrongMsgId: ['IM-2-4'],
  losesAccepted: ['IM-3-1', 'IM-3-2', 'IM-4.2-29'],
  pushesAfterAck: ['IM-3-5', 'IM-3-6', 'IM-4.2-29'],
  changesBody: ['IM-2-10'],
  changesAcceptedAt: ['IM-2-9'],
  pushesToWrongUser: ['IM-4.2-26'],
  inventsMessage: ['IM-4.2-27'],
  wrongFrom: ['IM-1-9', 'IM-4.2-27'],
  deliveredAtPush: ['IM-3-3'],
  storedAfterDelivered: ['IM-3-4', 'IM-3-6', 'IM-4.2-29'],
  newServerMsgIdOnPush: ['IM-2-8'],
  reusesServerMsgId: ['IM-2-7', 'IM-4.2-31'],
  ackOkTwice: ['IM-4.2-15', 'IM-3-6', 'IM-4.2-29'],
  ackUnknown: ['IM-4.2-14', 'IM-4.2-17', 'IM-4.2-15'],
  closesForNothing: ['IM-1-38', 'IM-1-17', 'IM-1-18', 'IM-1-13'],
  receiptBeforeAnswer: ['IM-4.2-24'],
  receiptToOthers: ['IM-4.2-18'],
  leavesRecordOfRefused: ['IM-4.2-5'],
  neverAnswers: ['IM-2-3'],
  forgetsSeq: ['IM-4.2-35'],
  countsSeqByPush: ['IM-4.2-37'],
  pushesNewestFirst: ['IM-4.2-38', 'IM-4.2-39'],
  miscountsPushes: ['IM-6-5'],
  miscountsAccepted: ['IM-6-2'],
} as const satisfies Record<string, readonly string[]>;
export type Defect = keyof typeof DEFECTS;

export interface SimulationOptions {
  seed: number;
  users: number;
  messages: number;
  /** Chance of a fault at each step: re-sending, lost link, refusal. 0 for plain traffic. */
  faults: number;
  /** How often the server is killed and restarted. */
  kills: number;
  defect: Defect;
  /** How often the defect strikes at most. */
  strikes: number;
  bodyLength: number;
  /** Claims these classes beside core, timed-redelivery and durable, and keeps them. */
  claims: readonly ServerClass[];
}
