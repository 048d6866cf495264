import type { AckA, AckR, BotOutcome, HistoryEventOf, MsgR } from '../../../../schemas/index.js';
import type { Ack, Answer, Entry, Handed, Outcome, PushOf, Receipt, Sending } from './entry.js';

/** What happens around a client under test. Who listens names what it wants to hear. */
export interface ClientListener {
  /** The client sent a message, for the first time or again. Noted already. */
  onSending(entry: Entry, sending: Sending): void;
  /** It is not known which message that is: the content under a second msgId, or content that nobody handed over. */
  onStranger(entry: Entry, sending: Sending, twin: Handed | undefined): void;
  onContentChanged(entry: Entry, sending: Sending): void;
  /** A word of the bot, or a message, came under the msgId of another one. */
  onIdTaken(msgId: string): void;
  /** An R came under a rid that its connection had brought before. */
  onRidUsedTwice(packet: MsgR | AckR, conn: number): void;
  onAnswer(entry: Entry, answer: Answer): void;
  onReceipt(entry: Entry, receipt: Receipt): void;
  onOutcome(entry: Entry, outcome: Outcome): void;
  /** An outcome that only a server can have said, of a message that the client has never sent. */
  onUnsentOutcome(outcome: Outcome, named: Pick<BotOutcome, 'msgId' | 'body'>): void;
  onPush(push: PushOf, at: number): void;
  onAck(push: PushOf, ack: Ack): void;
  onAckAnswer(push: PushOf, packet: AckA): void;
  onInvalid(event: HistoryEventOf<'got-invalid'>): void;
  /** An A was written under a rid that the client never sent. */
  onStray(): void;
  onRaw(event: HistoryEventOf<'sent-raw'>): void;
  onOpening(event: HistoryEventOf<'opening'>): void;
  onOpen(event: HistoryEventOf<'open'>): void;
  onRefused(event: HistoryEventOf<'refused'>): void;
  onSilent(event: HistoryEventOf<'silent'>): void;
  /** The connection has ended, and nothing of it is forgotten yet. */
  onClosed(event: HistoryEventOf<'closed'>): void;
  onSubject(event: HistoryEventOf<'subject'>): void;
  /** A fault of the script came to an end: it fired or it did not. */
  onFault(event: HistoryEventOf<'fault'>): void;
  onStep(event: HistoryEventOf<'step'>): void;
  onSettling(): void;
  onSettled(): void;
}

export type ClientHears = Partial<ClientListener>;
