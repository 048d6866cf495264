import type { MsgR } from '../../schemas/index.js';

/** What the kit itself knows of a message that it sent: protocols that do not repeat it leave it to be looked up. */
export interface Letter {
  from: string;
  to: string;
  msgId: string;
  body: string;
  /** The ids that the server has given to it. */
  serverMsgIds: string[];
  /** When the first push of it came, by the clock of the kit: stands for a time that no frame brings. */
  pushedAt?: number;
}

const keyOf = (from: string, msgId: string): string => `${from}\n${msgId}`;

/** Everything that was sent to one server: by the two ids, and by receiver and body where a push names none of them. */
export class Correspondence {
  readonly #byKey = new Map<string, Letter>();
  readonly #byMsgId = new Map<string, Letter[]>();
  readonly #byServerMsgId = new Map<string, Letter>();
  readonly #byContent = new Map<string, Letter[]>();
  readonly #indexesBodies: boolean;

  /** `indexesBodies`: a push may name no id of its sender. It costs memory, so only where it is needed. */
  constructor(indexesBodies: boolean) {
    this.#indexesBodies = indexesBodies;
  }

  noteSent(from: string, { msgId, to, body }: MsgR): void {
    const key = keyOf(from, msgId);
    const known = this.#byKey.get(key);
    if (known?.to === to && known.body === body) return;
    const letter: Letter = { from, to, msgId, body: this.#indexesBodies ? body : '', serverMsgIds: [] };
    // A conflicting copy under a known id: what is looked up stays the first one.
    if (known === undefined) {
      this.#byKey.set(key, letter);
      this.#byMsgId.set(msgId, [...(this.#byMsgId.get(msgId) ?? []), letter]);
    }
    if (!this.#indexesBodies) return;
    const content = keyOf(to, body);
    this.#byContent.set(content, [...(this.#byContent.get(content) ?? []), letter]);
  }

  find(from: string, msgId: string): Letter | undefined {
    return this.#byKey.get(keyOf(from, msgId));
  }

  /** The message to that user with that id of its sender, whoever that is. */
  addressed(to: string, msgId: string): Letter | undefined {
    return this.#byMsgId.get(msgId)?.find((letter) => letter.to === to);
  }

  byServerMsgId(serverMsgId: string): Letter | undefined {
    return this.#byServerMsgId.get(serverMsgId);
  }

  /** The message to that user with that body; of several alike, one that this id could still be of. */
  byContent(to: string, body: string, serverMsgId: string | undefined): Letter | undefined {
    const alike = this.#byContent.get(keyOf(to, body)) ?? [];
    const open = alike.find(({ serverMsgIds }) => serverMsgIds.length === 0);
    return (serverMsgId === undefined ? undefined : open) ?? alike[0];
  }

  learn(letter: Letter, serverMsgId: string): void {
    if (letter.serverMsgIds.includes(serverMsgId)) return;
    letter.serverMsgIds.push(serverMsgId);
    if (!this.#byServerMsgId.has(serverMsgId)) this.#byServerMsgId.set(serverMsgId, letter);
  }
}
