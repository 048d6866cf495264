import type { ErrorCode } from '../../schemas/index.js';

/** What the look-up of (from, msgId) found. A message that is being stored in the same commit counts as known. */
export type KnownAs = 'new' | 'same' | 'other';

/** What a server must know to decide on a msg:R. */
export interface MessageFacts {
  bodyBytes: number;
  maxBodyBytes: number;
  knownAs: KnownAs;
  recipientExists: boolean;
  /** Messages of the recipient that no device has acked. */
  inboxMessages: number;
  maxInboxMessages: number;
}

export type MessageVerdict = { status: 'accepted' } | { status: 'duplicate' } | { status: 'rejected'; code: ErrorCode };

const reject = (code: ErrorCode): MessageVerdict => ({ status: 'rejected', code });

const checkBody = ({ bodyBytes, maxBodyBytes }: MessageFacts): MessageVerdict | undefined =>
  bodyBytes > maxBodyBytes ? reject('body-too-large') : undefined;

const KNOWN_ID: Record<KnownAs, MessageVerdict | undefined> = {
  new: undefined,
  same: { status: 'duplicate' },
  other: reject('id-conflict'),
};
const checkKnownId = ({ knownAs }: MessageFacts): MessageVerdict | undefined => KNOWN_ID[knownAs];

const checkRecipient = ({ recipientExists }: MessageFacts): MessageVerdict | undefined =>
  recipientExists ? undefined : reject('unknown-recipient');

const checkInbox = ({ inboxMessages, maxInboxMessages }: MessageFacts): MessageVerdict | undefined =>
  inboxMessages >= maxInboxMessages ? reject('inbox-full') : undefined;

/** The order counts (IM-2-17): a full inbox must not break a status query. */
export const MESSAGE_CHECKS: readonly ((facts: MessageFacts) => MessageVerdict | undefined)[] = [
  checkBody,
  checkKnownId,
  checkRecipient,
  checkInbox,
];

/** Decides on a valid msg:R. Nothing is stored yet: `accepted` holds once the store says so. */
export const decideMessage = (facts: MessageFacts): MessageVerdict => {
  for (const check of MESSAGE_CHECKS) {
    const verdict = check(facts);
    if (verdict) return verdict;
  }
  return { status: 'accepted' };
};

/** What happens after the msg:A of a stored message. */
export type FollowUp = 'tell-delivered' | 'tell-expired' | 'tell-stored' | 'push' | 'push-again';

/**
 * A duplicate re-triggers whatever is still missing: the receipt, or the push. (4.2: an answer "duplicate" and
 * nothing more would swallow the very re-sending that was to repair a loss.)
 */
export const followUp = (
  status: 'accepted' | 'duplicate',
  { delivered, expired, receiverConnected }: { delivered: boolean; expired: boolean; receiverConnected: boolean },
): FollowUp => {
  if (expired && !delivered) return 'tell-expired';
  if (delivered) return 'tell-delivered';
  if (!receiverConnected) return 'tell-stored';
  return status === 'accepted' ? 'push' : 'push-again';
};
