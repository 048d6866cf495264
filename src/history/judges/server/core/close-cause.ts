import { CLOSE, type HistoryEventOf } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import type { Undecided } from '../../../terms/judgement.js';
import { ms } from '../../../terms/text.js';
import type { CloseCause, JudgeContext } from '../../judge.js';

/** A close so soon after something else may be its consequence. */
const CONSEQUENCE_WITHIN_MS = 5_000;

/** Why a server may close with that code although the script gives no cause. undefined: it may not. */
export const whyAllowed = (code: number | undefined): Undecided | undefined => {
  switch (code) {
    case CLOSE.goingAway:
      return {
        code: 'closed-by-limit',
        text: 'as it may at any time, to shed load or to move its clients: test it while it does not',
      };
    case CLOSE.tooSlow:
      return {
        code: 'closed-by-limit',
        text: 'as it may when a client reads too slowly: give the kit a quieter machine',
      };
    case CLOSE.tooManyRequests:
      return { code: 'closed-by-limit', text: 'as it may when a client asks for too much: the scenario could not run' };
    case CLOSE.tokenExpired:
      return {
        code: 'token-expired',
        text: 'as it may when a token has expired: give the kit tokens that outlive its run',
      };
    default:
      return undefined;
  }
};

/** Pongs that are so long on their way may come after the time that a server must leave its peers at least. */
const LONG_WAY_FRACTION = 4;

/** So long is a packet on its way, and its answer, that a server may take a living peer for dead. */
export const isLongWay = ({ networkMs, timers }: Facts): boolean => networkMs >= timers.deadAfterMs / LONG_WAY_FRACTION;

/** Over a long or full line a living peer looks dead: whoever takes it for that does no wrong. */
export const whyTakenForDead = (facts: Facts, { code }: HistoryEventOf<'closed'>): Undecided | undefined => {
  const { networkMs, timers } = facts;
  const ownCause = Object.values(CLOSE).some((known) => known === code && known !== CLOSE.goingAway);
  if (ownCause || !isLongWay(facts)) return undefined;
  return {
    code: 'closed-by-limit',
    text: `as it may when a packet and its answer are ${ms(networkMs)} on their way, and a silent peer is dead after ${ms(timers.deadAfterMs)}`,
  };
};

/** What happened on other connections that may explain a close. */
export interface Neighbours {
  /** The last bad frame. */
  readonly lastRaw: { readonly connection: Connection; readonly at: number } | undefined;
  /** When the connection that was replaced by the one in question ended at last. */
  readonly lateCloseAt: number | undefined;
}

/** The rule that a close without a cause breaks, from what came before it. */
export const causeOfClose = (
  { facts, attribution }: JudgeContext,
  connection: Connection,
  event: HistoryEventOf<'closed'>,
  { lastRaw, lateCloseAt }: Neighbours,
): CloseCause => {
  // A frame in fragments may be too large only in how many there are (1.8): that is told below.
  if (event.code === CLOSE.tooLarge && connection.lastFragments === undefined)
    return { requirement: 'IM-1-8', because: ', although no frame was too large' };
  const thaw = facts.freezes.findLast((freeze) => freeze.to <= event.at);
  // So long after something a server may need to take living peers for dead because of it.
  const silenceMs = 2 * facts.timers.deadAfterMs + facts.patienceMs + facts.networkMs;
  if (thaw !== undefined && event.at - thaw.to <= silenceMs) {
    return { requirement: 'IM-1-18', because: `, ${ms(event.at - thaw.to)} after the server was continued` };
  }
  if (lateCloseAt !== undefined && event.at - lateCloseAt <= CONSEQUENCE_WITHIN_MS) {
    return { requirement: 'IM-1-13', because: ', after the connection that it had replaced ended' };
  }
  if (event.code === CLOSE.replaced && connection.device.user.devices.length > 1) {
    return { requirement: 'IM-1-10', because: ': as replaced, though only another device of the user connected' };
  }
  const known = attribution.ruleOfClose(connection, event);
  if (known !== undefined) return known;
  if (lastRaw !== undefined && lastRaw.connection !== connection && lastRaw.at <= event.at) {
    return { requirement: 'IM-1-7', because: `, after a bad frame on connection ${lastRaw.connection.number}` };
  }
  const { clockSetAt } = facts.faults;
  if (clockSetAt !== undefined && connection.openedAt < clockSetAt && event.at - clockSetAt <= silenceMs) {
    return { requirement: 'IM-6-15', because: `, ${ms(event.at - clockSetAt)} after its clock was set` };
  }
  if (connection.lastFragments !== undefined) {
    return { requirement: 'IM-1-28', because: `, after a packet in ${connection.lastFragments} fragments` };
  }
  const lived = event.at - connection.openedAt;
  if (event.code !== CLOSE.replaced && lived >= facts.timers.deadAfterMs / 2 && facts.policies.detectsDeadPeers) {
    return { requirement: 'IM-1-17', because: ', as if its peer were dead' };
  }
  return { requirement: 'IM-1-38', because: '' };
};
