import type { AckA, AckN, ErrorCode, MsgA, MsgN, PacketError, ReceiptStatus } from '../../schemas/index.js';

/** What a server keeps of a message: enough for every packet about it. */
export interface MessageHead {
  serverMsgId: string;
  msgId: string;
  from: string;
  to: string;
  acceptedAt: number;
  /** Only of a message with `ttlMs`, and only with class `expiry`. */
  expiresAt?: number;
}
export interface StoredMessage extends MessageHead {
  body: string;
}

const EXPLANATIONS: Readonly<Record<ErrorCode, string>> = {
  'invalid-packet': 'the packet is not valid',
  'body-too-large': 'the body has more bytes of UTF-8 than this server accepts',
  'unknown-recipient': 'no user of that name has ever connected',
  'not-allowed': 'this is not allowed',
  'id-conflict': 'this msgId was used for a message with another to, body or ttlMs',
  'unknown-message': 'you have no message with this serverMsgId',
  'inbox-full': 'the recipient has too many messages that wait',
  busy: 'the server has too much to do',
  internal: 'the server could not store this',
};

/** How long a sender should wait before it tries again, milliseconds. Codes without an entry are not retryable. */
const RETRY_AFTER_MS: Readonly<Partial<Record<ErrorCode, number>>> = { 'inbox-full': 1_000, busy: 100, internal: 500 };

export const packetError = (code: ErrorCode, message: string = EXPLANATIONS[code]): PacketError => {
  const retryAfterMs = RETRY_AFTER_MS[code];
  return retryAfterMs === undefined ? { code, message } : { code, message, retryAfterMs };
};

export const messageAnswer = (
  request: { rid: string; msgId: string },
  status: 'accepted' | 'duplicate',
  serverMsgId: string,
): MsgA => ({ type: 'msg:A', rid: request.rid, msgId: request.msgId, status, serverMsgId });

/** `msgId` is left out when the R had no valid one. */
export const messageRefusal = (rid: string, msgId: string | undefined, error: PacketError): MsgA => ({
  type: 'msg:A',
  rid,
  ...(msgId === undefined ? {} : { msgId }),
  status: 'rejected',
  error,
});

export const ackAnswer = (request: { rid: string; serverMsgId: string }, status: 'ok' | 'duplicate'): AckA => ({
  type: 'ack:A',
  rid: request.rid,
  serverMsgId: request.serverMsgId,
  status,
});

export const ackRefusal = (rid: string, serverMsgId: string | undefined, error: PacketError): AckA => ({
  type: 'ack:A',
  rid,
  ...(serverMsgId === undefined ? {} : { serverMsgId }),
  status: 'rejected',
  error,
});

/** `seq`: the place in the inbox of the recipient, with class `ordered`. */
export const notification = (message: StoredMessage, attempt: number, seq?: number): MsgN => ({
  type: 'msg:N',
  msgId: message.msgId,
  serverMsgId: message.serverMsgId,
  from: message.from,
  to: message.to,
  body: message.body,
  acceptedAt: message.acceptedAt,
  attempt,
  ...(message.expiresAt === undefined ? {} : { expiresAt: message.expiresAt }),
  ...(seq === undefined ? {} : { seq }),
});

/** `at` is when the status became true: a message is stored from its acceptance on. */
export const receipt = (
  head: Pick<MessageHead, 'msgId' | 'serverMsgId' | 'to'>,
  status: ReceiptStatus,
  at: number,
): AckN => ({
  type: 'ack:N',
  msgId: head.msgId,
  serverMsgId: head.serverMsgId,
  to: head.to,
  status,
  at,
});
