import type { AckR, MsgR } from '../../../schemas/index.js';
import type { AckVerdict, MessageVerdict } from '../../protocol/index.js';
import type { Connection } from './connection.js';
import type { Outbox } from './outbox.js';
import type { DedupRecord, EndedMessage, MessageRecord } from './records.js';
import type { InboxKey } from './store.js';

/** What the decisions and answers need of a connection; in a cluster it may be one of another node. */
export type Peer = Pick<Connection, 'user' | 'device' | 'send' | 'settleRequest'> & {
  readonly outbox: Pick<Outbox, 'device' | 'find' | 'has' | 'apply'>;
  close?: Connection['close'];
};

export interface MessageRequest {
  kind: 'message';
  connection: Peer;
  packet: MsgR;
}
export interface AckRequest {
  kind: 'ack';
  connection: Peer;
  packet: AckR;
}
export type Registration = 'stored' | 'too-many-devices' | 'failed';
/** The first connection of a user, or of a device, waits until it is stored. */
export interface UserRequest {
  kind: 'user';
  user: string;
  device: string;
  done: (registration: Registration) => void;
}
/** Messages whose time has come. */
export interface ExpireRequest {
  kind: 'expire';
  due: readonly InboxKey[];
}
export type Request = MessageRequest | AckRequest | UserRequest | ExpireRequest;

/** A message that ended. `wasWaiting`: no device had acked it, so its sender is told. */
export interface Expired {
  message: EndedMessage;
  wasWaiting: boolean;
}

/** What was decided on a request, before the commit on which it rests. */
export type Outcome =
  | {
      kind: 'message';
      request: MessageRequest;
      verdict: MessageVerdict;
      /** The record of the message, unless it was rejected. */
      dedup?: DedupRecord;
      /** Only of a message that is new. */
      message?: MessageRecord;
    }
  | {
      kind: 'ack';
      request: AckRequest;
      verdict: AckVerdict;
      seq?: number;
      /** Only at the first ack of the message. */
      message?: EndedMessage;
      at: number;
    }
  | { kind: 'user'; request: UserRequest; registration: Registration; devices: readonly string[] }
  | { kind: 'expire'; request: ExpireRequest };
