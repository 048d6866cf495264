import type { Hello } from './words.js';

/** What a connection of the subject reports. */
export interface LinkHandlers {
  onText(text: string): void;
  onBinary(bytes: number): void;
  onPing(): void;
  /** Once, however it ended. `code` 1006: without a close frame. */
  onClose(code: number): void;
}

/** One connection of the subject, without any policy. */
export interface ServerSocket {
  sendText(text: string): void;
  sendBinary(bytes: number): void;
  /** The text in so many fragments. */
  sendFragments(text: string, fragments: number): void;
  /** All of them in one write to the network. */
  sendTogether(texts: readonly string[]): void;
  pause(): void;
  resume(): void;
  close(code: number): void;
  /** TCP RST. */
  reset(): void;
  /** TCP end without a close frame. */
  terminate(): void;
}

/** An upgrade that carries the token of the subject. */
export interface Upgrade {
  /** It offers the subprotocol of the protocol, alone or among others. */
  readonly offersProtocol: boolean;
  accept(handlers: LinkHandlers): Promise<ServerSocket | undefined>;
  refuse(status: number, headers: Readonly<Record<string, string>>): void;
}

/** A start of a bot that goes on over scenarios, because the kit did not start it and cannot end it. */
export interface Standing {
  /** What it said of itself; another one after somebody has started it again. */
  hello: Hello;
  /** Questions that it was asked so far: its answers are known by their number. */
  asks: number;
}

/** The process of the bot, and the address at which the kit listens for it. */
export interface BotHost {
  /** Absent: each scenario has a start of its own. */
  readonly standing?: Standing | undefined;
  /** Calls the listener with every upgrade that has the right token. */
  listen(onUpgrade: (upgrade: Upgrade) => void): Promise<void>;
  /** The script is over: an attempt of the client waits for the next one. Absent: there is no next one. */
  rest?(): void;
  /** Nobody is answered any more; whoever is connected stays. */
  stopListening(): Promise<void>;
  start(): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  unfreeze(): void;
  /** Sets the wall clock of the process that far from the true time. False: it does not follow. */
  setClock(offsetMs: number): boolean;
  /** Waits for the process to end by itself. undefined: it has not. */
  ended(boundMs: number): Promise<{ code: number | null } | undefined>;
}
