import { createHash, randomBytes } from 'node:crypto';
import type { MsgR } from '../../../schemas/index.js';
import type { StoredMessage } from '../../protocol/index.js';

/** A message in the inbox of its recipient, until the ack. */
export interface MessageRecord extends StoredMessage {
  /** Acceptance number: grows by one with each message of this server, over restarts too. */
  seq: number;
  digest: string;
}

/** A message whose body is not kept any more. */
export type EndedMessage = Omit<MessageRecord, 'body'>;

/** What is remembered of (from, msgId), longer than the message. */
export interface DedupRecord {
  seq: number;
  serverMsgId: string;
  to: string;
  digest: string;
  acceptedAt: number;
  expiresAt?: number;
  deliveredAt?: number;
}

/** What is remembered of (to, seq) after the first ack, or after the expiry: then a late ack still needs the rest. */
export interface AckRecord {
  serverMsgId: string;
  expired?: EndedMessage;
}

/** Stands for everything that must be equal in a re-sent msg:R (IM-4.2-2). The lengths keep the parts apart. */
export const digestOf = ({ to, body, ttlMs }: Pick<MsgR, 'to' | 'body' | 'ttlMs'>): string =>
  createHash('sha256')
    .update(`${to.length}:${to}${ttlMs ?? 'never'}:${body}`)
    .digest('base64url')
    .slice(0, 22);

/** New with each start of a server, so that even a lost or restored database cannot bring an old serverMsgId back. */
export const newEpoch = (): string => randomBytes(6).toString('base64url').replaceAll('-', '_');

/** The acceptance number in front saves an index from serverMsgId to message. */
export const serverMsgIdOf = (seq: number, epoch: string): string => `${seq.toString(36)}-${epoch}`;

/** Undefined: this is no serverMsgId of this server. */
export const seqOf = (serverMsgId: string): number | undefined => {
  const digits = /^([0-9a-z]{1,10})-/.exec(serverMsgId)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 36);
};

export const messageOf = (
  packet: MsgR,
  from: string,
  id: { seq: number; serverMsgId: string; digest: string },
  acceptedAt: number,
  expires = false,
): MessageRecord => ({
  seq: id.seq,
  serverMsgId: id.serverMsgId,
  msgId: packet.msgId,
  from,
  to: packet.to,
  body: packet.body,
  digest: id.digest,
  acceptedAt,
  ...(expires && packet.ttlMs !== undefined ? { expiresAt: acceptedAt + packet.ttlMs } : {}),
});

export const withoutBody = ({ body: _, ...rest }: MessageRecord): EndedMessage => rest;

/** At `expiresAt` the message is expired, whether or not the server has got round to it (4.2.6). */
export const isOver = ({ expiresAt }: { expiresAt?: number }, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;

export const dedupOf = (
  { seq, serverMsgId, to, digest, acceptedAt, expiresAt }: EndedMessage,
  at?: number,
): DedupRecord => ({
  seq,
  serverMsgId,
  to,
  digest,
  acceptedAt,
  ...(expiresAt === undefined ? {} : { expiresAt }),
  ...(at === undefined ? {} : { deliveredAt: at }),
});
