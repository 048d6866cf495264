import type { Cause, VanishPoint } from '../../schemas/index.js';

/** How far a message came, after "the message was last seen". */
const POINTS: Readonly<Record<VanishPoint, string>> = {
  unsent: 'before it was sent',
  sent: 'when it was sent',
  rejected: 'when it was rejected',
  accepted: 'when it was accepted',
  pushed: 'when it was pushed',
  'handed-over': 'when the receiver had it',
  acked: 'when it was acked',
  told: 'when its sender was told of the delivery',
  expired: 'when its sender was told that it expired',
};

/** `25 failures, all last seen when it was pushed`: what the failures of a cause have in common, beside the requirement. */
export const vanishWords = ({ vanishPoint }: Pick<Cause, 'vanishPoint'>): string =>
  vanishPoint === undefined ? '' : `the message was last seen ${POINTS[vanishPoint]}`;
