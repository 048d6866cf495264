import type { InventoryItem } from '../../../../schemas/index.js';

/** That something was seen: when, and on which line of the history. */
export interface Seen {
  readonly at: number;
  readonly line: number;
}

/** What the bot was told to hand over to the library. */
export interface Handed {
  readonly to: string;
  readonly body: string;
  readonly ttlMs: number | undefined;
  /** In which order it was handed over, over all words. */
  readonly order: number;
  /** The word that told it. */
  readonly word: string;
  /** When it was told. */
  readonly at: number;
  entry: Entry | undefined;
  /** The bot reported its outcome before it was ever sent, such as `refused` for a full queue. */
  isOver?: true;
}

export interface Sending extends Seen {
  readonly conn: number;
  readonly rid: string;
}

export interface Answer extends Seen {
  readonly conn: number;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly code?: string;
  readonly retryAfterMs?: number;
  /** The code is none that this version knows. */
  readonly unknownCode: boolean;
  /** A rejection after which the same R may succeed. */
  readonly retryable: boolean;
}

export interface Receipt extends Seen {
  readonly status: 'stored' | 'delivered' | 'expired';
}

export interface Outcome extends Seen {
  readonly status: 'stored' | 'delivered' | 'expired' | 'refused' | 'unknown';
  /** How often the process had been killed by then. */
  readonly life: number;
}

/** One message of the client, as the server knows it: by its msgId. */
export interface Entry {
  readonly msgId: string;
  readonly to: string;
  readonly body: string;
  readonly ttlMs: number | undefined;
  readonly handed: Handed | undefined;
  readonly sendings: Sending[];
  /** It was not sent before this. Where a connection ended between the hand-over and the first sending that arrived, one may have been lost with it. */
  readonly notBefore: number;
  readonly answers: Answer[];
  readonly receipts: Receipt[];
  readonly outcomes: Outcome[];
  /** When the client was told its end: delivered, expired, or a rejection that is final. */
  end: (Seen & { status: 'delivered' | 'expired' | 'refused'; conn: number }) | undefined;
  /** An answer that names it came under a rid that the client never sent (IM-1-40). */
  strayed: boolean;
  /** The bot had reported its end before it was ever sent. */
  readonly wasGivenUp: boolean;
}

export interface Ack extends Seen {
  readonly conn: number;
}

/** A message to the client under one serverMsgId. */
export interface PushOf {
  readonly from: string;
  readonly msgId: string;
  readonly serverMsgId: string;
  readonly body: string;
  readonly acceptedAt: number;
  readonly pushed: (Seen & { readonly conn: number })[];
  readonly acks: Ack[];
  /** When the kit wrote the first ack:A that ends it. */
  settled: (Seen & { readonly conn: number }) | undefined;
  /** An answer that names it came under a rid that the client never sent (IM-1-40). */
  strayed: boolean;
  readonly isWord: boolean;
}

export interface Inventory {
  readonly ask: number;
  readonly from: string;
  readonly parts: Map<number, readonly InventoryItem[]>;
  of: number;
  line: number;
}
