import type { AckR, MsgR } from '../../schemas/index.js';
import type { AckVerdict, MessageVerdict } from '../protocol/index.js';
import type { Connection } from './connection.js';
import type { DedupRecord, MessageRecord } from './records.js';

export interface MessageRequest {
  kind: 'message';
  connection: Connection;
  packet: MsgR;
}
export interface AckRequest {
  kind: 'ack';
  connection: Connection;
  packet: AckR;
}
/** The first connection of a user waits until the user is stored. */
export interface UserRequest {
  kind: 'user';
  user: string;
  done: (stored: boolean) => void;
}
export type Request = MessageRequest | AckRequest | UserRequest;

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
  | { kind: 'ack'; request: AckRequest; verdict: AckVerdict; seq?: number; message?: MessageRecord; at: number }
  | { kind: 'user'; request: UserRequest };
