import type { AckA, AckN, HistoryEventOf, MsgA, MsgN } from '../../../schemas/index.js';
import type { Connection, Device, Pending } from './connection.js';
import type { AckAttempt, MsgAttempt, TrackedMessage } from './message.js';
import type { NodeFault } from './node-faults.js';

/** An A that arrived. */
export interface Answer {
  readonly connection: Connection;
  readonly packet: MsgA | AckA;
  /** The R that it answers, if the kit knows of one. */
  readonly request: Pending | undefined;
  /** asked: for an open R. raw: for a frame that may have been one. unknowable: a frame may have asked for it. stray: nothing did. */
  readonly cause: 'asked' | 'raw' | 'unknowable' | 'stray';
  /** When what it answers was written, as far as is known. */
  readonly askedAt: number | undefined;
  /** The valid id that an R named which need not be valid. */
  readonly named: string | undefined;
}

/** A packet named the serverMsgId of a message. */
export interface ServerMsgIdNamed {
  readonly message: TrackedMessage;
  readonly serverMsgId: string;
  readonly packet: 'msg:A' | 'msg:N' | 'ack:N';
  /** first: the first one of the message. same: the known one. other: not the known one. taken: that of another message. */
  readonly outcome: 'first' | 'same' | 'other' | 'taken';
  /** The message that has it already. */
  readonly owner: TrackedMessage | undefined;
  /** The msg:R that a msg:A answered. */
  readonly attempt: MsgAttempt | undefined;
}

/**
 * What happens, told to whoever judges it. A listener sees what was known before: what the fact itself changes is
 * noted after all have been told. The exceptions say so.
 */
export interface FactListener {
  /** A valid packet arrived, before it is told which. */
  onPacket(connection: Connection, type: 'msg:A' | 'msg:N' | 'ack:A' | 'ack:N'): void;
  onPong(connection: Connection): void;
  onInvalid(connection: Connection, event: HistoryEventOf<'got-invalid'>): void;
  /** A bad frame was written; what it may have been is noted already. */
  onRawFrame(connection: Connection): void;

  onAnswer(answer: Answer): void;
  /** The A of a msg:R; the attempt holds the answer already, the message does not. */
  onMsgAnswered(connection: Connection, message: TrackedMessage, attempt: MsgAttempt, packet: MsgA): void;
  /** Noted already: the message was answered `accepted` (then it is new) or `duplicate` for the first time. */
  onPromised(message: TrackedMessage, isNew: boolean): void;
  /** Noted already. */
  onServerMsgId(named: ServerMsgIdNamed): void;
  /** The recipient has sent an ack:R. */
  onAckSent(connection: Connection, message: TrackedMessage, serverMsgId: string): void;
  /** The A of an ack:R of the recipient; the attempt holds the answer already. */
  onAckAnswered(message: TrackedMessage, attempt: AckAttempt, packet: AckA): void;
  /** The A of an ack:R of somebody who is not the recipient, or for an id that no message has. */
  onForeignAckAnswered(
    connection: Connection,
    message: TrackedMessage | undefined,
    request: Pending,
    packet: AckA,
  ): void;
  /** Noted already: an ack of the message is known to count, of that device for the first time. */
  onAcked(message: TrackedMessage, isFirst: boolean): void;

  /** Noted already: what a msg:N to the recipient tells of its message. `fits`: variants that it can be of. */
  onPushContent(connection: Connection, message: TrackedMessage, packet: MsgN, fits: readonly number[]): void;
  /** A msg:N to the recipient. */
  onPushed(connection: Connection, message: TrackedMessage, packet: MsgN): void;
  /** A msg:N that came to somebody who is not the recipient. */
  onPushedAstray(connection: Connection, message: TrackedMessage, packet: MsgN): void;
  /** A msg:N that nobody sent under that name. */
  onPushedUnknown(connection: Connection, packet: MsgN): void;
  /** Noted already: the application got the message, so many times on this device. */
  onHanded(connection: Connection, message: TrackedMessage, times: number): void;

  /** An ack:N to the sender; `answered`: the questions that it answers. */
  onReceipt(connection: Connection, message: TrackedMessage, packet: AckN, answered: readonly MsgAttempt[]): void;
  /** An ack:N for a message that this user did not send. */
  onReceiptAstray(connection: Connection, message: TrackedMessage | undefined, packet: AckN): void;
  /** Noted already: the message was promised, handed over and acked. Told once a message. */
  onArrived(message: TrackedMessage): void;
  /** Noted already: the server may have forgotten a message that it had not promised. */
  onForgotten(message: TrackedMessage): void;

  /** Noted already: a node, or a service, is whole again. */
  onRepaired(fault: NodeFault): void;

  /** A client begins to connect. */
  onOpening(device: Device): void;
  onOpened(connection: Connection): void;
  /** From here on no time bound counts on the connection. */
  onExcusing(connection: Connection): void;
  /** Noted already: the client neither reads nor writes any more. */
  onSilent(connection: Connection): void;
  /** The connection has ended, and everything on it is still as it was. */
  onClosing(connection: Connection, event: HistoryEventOf<'closed'>): void;
  /** Noted already: nothing more can arrive, and these R stay without an A. */
  onAbandoned(connection: Connection, requests: readonly Pending[]): void;
  /** Noted already. */
  onClosed(connection: Connection, event: HistoryEventOf<'closed'>): void;

  /** The process has ended, and connections are still as they were. */
  onSubjectEnding(event: HistoryEventOf<'subject'>): void;
  onSubjectEnded(event: HistoryEventOf<'subject'>): void;
  onStep(event: HistoryEventOf<'step'>): void;
  onMetrics(event: HistoryEventOf<'metrics'>): void;
  /** Settling has ended, and bounds still count. */
  onSettling(): void;
  /** Settling has ended: what has not come by now is lost. */
  onSettled(complete: boolean): void;
  onEnd(): void;
}

/** The members of FactListener. One that is missing here does not compile. */
const NAMES: Readonly<Record<keyof FactListener, true>> = {
  onPacket: true,
  onRepaired: true,
  onPong: true,
  onInvalid: true,
  onRawFrame: true,
  onAnswer: true,
  onMsgAnswered: true,
  onPromised: true,
  onServerMsgId: true,
  onAckSent: true,
  onAckAnswered: true,
  onForeignAckAnswered: true,
  onAcked: true,
  onPushContent: true,
  onPushed: true,
  onPushedAstray: true,
  onPushedUnknown: true,
  onHanded: true,
  onReceipt: true,
  onReceiptAstray: true,
  onArrived: true,
  onForgotten: true,
  onOpening: true,
  onOpened: true,
  onExcusing: true,
  onSilent: true,
  onClosing: true,
  onAbandoned: true,
  onClosed: true,
  onSubjectEnding: true,
  onSubjectEnded: true,
  onStep: true,
  onMetrics: true,
  onSettling: true,
  onSettled: true,
  onEnd: true,
};

type Handler = (a?: unknown, b?: unknown, c?: unknown, d?: unknown) => void;

const nothing: Handler = () => {};

/** One listener that tells all others, in their order. Nobody pays for facts that none of them wants. */
export const tellAll = (listeners: readonly Partial<FactListener>[]): FactListener => {
  const handlersOf = (name: keyof FactListener): Handler[] =>
    listeners.flatMap((listener) => (listener[name] as Handler | undefined)?.bind(listener) ?? []);
  const entries = Object.keys(NAMES).map((name): [string, Handler] => {
    const handlers = handlersOf(name as keyof FactListener);
    const [first = nothing] = handlers;
    if (handlers.length < 2) return [name, first];
    return [
      name,
      (a, b, c, d) => {
        for (const handler of handlers) handler(a, b, c, d);
      },
    ];
  });
  return Object.fromEntries(entries) as unknown as FactListener;
};
