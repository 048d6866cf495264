/** Subjects of the messages: one for each user. */
const SUBJECT = 'im-conformance.to';
/** Where the server pushes what is for a user. Outside the stream, or it would store its own pushes. */
const PUSHES = 'im-conformance-push';
export const STREAM = 'IM_CONFORMANCE';

/** A user as a part of a subject: a dot would cut it in two. `=` is in no user id, so no two users fall together. */
export const tokenOf = (user: string): string =>
  user.replace(/[^A-Za-z0-9_-]/g, (character) => `=${character.charCodeAt(0).toString(16)}`);

export const userOf = (token: string): string =>
  token.replace(/=([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

export const subjectOf = (user: string): string => `${SUBJECT}.${tokenOf(user)}`;
export const ALL_SUBJECTS = `${SUBJECT}.>`;
export const pushSubjectOf = (user: string): string => `${PUSHES}.${tokenOf(user)}`;

/** The receiver that a subject names. */
export const receiverOf = (subject: string): string => userOf(subject.slice(SUBJECT.length + 1));

/** What `Nats-Msg-Id` holds: two senders may choose the same id. No user id holds a colon. */
export const idHeader = (from: string, msgId: string): string => `${from}:${msgId}`;

export const readIdHeader = (value: string): { from: string; msgId: string } | undefined => {
  const at = value.indexOf(':');
  return at < 1 ? undefined : { from: value.slice(0, at), msgId: value.slice(at + 1) };
};

/** What the subject for the ack tells of a push. */
export interface PushInfo {
  /** Position in the stream: the id of the message. */
  sequence: string;
  /** How often it was pushed. */
  attempt: number;
  /** Milliseconds since 1970. */
  acceptedAt: number;
}

const TOKENS_WITHOUT_DOMAIN = 9;

/** `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.consumerSequence.nanoseconds.pending`. */
export const readAckSubject = (subject: string): PushInfo | undefined => {
  const tokens = subject.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < TOKENS_WITHOUT_DOMAIN) return undefined;
  const from = tokens.length === TOKENS_WITHOUT_DOMAIN ? 4 : 6;
  const [delivered = '', sequence = '', , nanoseconds = ''] = tokens.slice(from);
  if (![delivered, sequence, nanoseconds].every((text) => /^\d+$/.test(text))) return undefined;
  // Nanoseconds do not fit into a number: the last six digits are cut off as text.
  return { sequence, attempt: Number(delivered), acceptedAt: Number(nanoseconds.slice(0, -6)) };
};
