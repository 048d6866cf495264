import type { HistoryEventOf } from '../../../schemas/index.js';
import { messageKey, text } from './entry.js';

type Traffic = HistoryEventOf<'sent' | 'got'>;

export interface KnownMessage {
  from: string;
  msgId: string;
  /** What the script calls it. */
  name?: string;
  /** The user whom it is for. */
  to?: string;
}

/** Tells which message a packet is about: acks name it by serverMsgId only, and a rejection need not name it at all. */
export class MessageIndex {
  readonly #users = new Map<string, string>();
  readonly #messages = new Map<string, KnownMessage>();
  readonly #keyOfServerId = new Map<string, string>();
  readonly #keyOfRequest = new Map<string, string>();
  readonly #keyOfName = new Map<string, string>();

  addClient({ client, user }: HistoryEventOf<'client'>): void {
    this.#users.set(client, user);
  }

  userOf(client: string): string {
    return this.#users.get(client) ?? client;
  }

  messageOf(key: string): KnownMessage | undefined {
    return this.#messages.get(key);
  }

  /** The message that the script calls so, once a packet of it was seen. */
  keyOfName(name: string): string | undefined {
    return this.#keyOfName.get(name);
  }

  keyOf(event: Traffic): string | undefined {
    const key = this.#find(event);
    const { packet } = event;
    const request = requestOf(event);
    if (key === undefined) return undefined;
    const serverId = text(packet.serverMsgId);
    if (serverId !== undefined && text(packet.msgId) !== undefined) this.#keyOfServerId.set(serverId, key);
    if (event.kind === 'sent') {
      if (request !== undefined) this.#keyOfRequest.set(request, key);
      this.#learn(key, event);
    }
    return key;
  }

  #find(event: Traffic): string | undefined {
    const { packet, client } = event;
    const msgId = text(packet.msgId);
    const from = packet.type === 'msg:N' ? (text(packet.from) ?? '') : this.userOf(client);
    if (msgId !== undefined) {
      const key = messageKey(from, msgId);
      if (!this.#messages.has(key)) this.#messages.set(key, { from, msgId });
      return key;
    }
    const request = requestOf(event);
    const asked = event.kind === 'got' && request !== undefined ? this.#keyOfRequest.get(request) : undefined;
    return asked ?? this.#keyOfServerId.get(text(packet.serverMsgId) ?? '');
  }

  #learn(key: string, { packet, message }: HistoryEventOf<'sent'>): void {
    const known = this.#messages.get(key);
    if (known === undefined) return;
    const to = text(packet.to);
    if (known.to === undefined && to !== undefined && packet.type === 'msg:R') known.to = to;
    if (message === undefined) return;
    known.name ??= message;
    if (!this.#keyOfName.has(message)) this.#keyOfName.set(message, key);
  }
}

/** A rid is fresh on its connection, and nowhere else. */
export const requestOf = ({ conn, packet }: Traffic): string | undefined => {
  const rid = text(packet.rid);
  return rid === undefined ? undefined : `${conn} ${rid}`;
};
