import type { AckR, MsgR } from '../../../schemas/index.js';
import type { Cannot, Session, Who, Wire } from '../dialect.js';
import { extraField } from '../extra-field.js';
import type { Counts, Refusal, Written } from './counts.js';
import { closeOf, conditionOf, refusalOf } from './errors.js';
import { Login, type XmppSettings } from './login.js';
import { NAMESPACE, userOf, whyNoUser } from './names.js';
import { isOfTheServer } from './stanzas.js';
import {
  childOf,
  type Element,
  escapeText,
  escapeValue,
  isXmlText,
  NotXmpp,
  type StreamItem,
  shownOf,
  XmlStream,
} from './xml.js';

export type { XmppSettings } from './login.js';

/** What became of a message of this user. `arrived`: the server has it, and the kit was not told. `lost`: it says that it has not. */
interface Message {
  to: string;
  state: 'sent' | 'arrived' | 'answered' | 'lost';
  /** The stream on which it was sent, over all its connections. */
  stream: string | Counts;
  refusal?: Refusal;
}

const REQUEST = `<r xmlns='${NAMESPACE.management}'/>`;
const END = '</stream:stream>';
const AGAIN: Cannot = { cannot: 'send a message again that was answered: it would be another message' };

/** One connection of a user to an XMPP server. A stream of XEP-0198 goes on over connections. */
export class XmppSession implements Session {
  readonly #who: Who;
  readonly #wire: Wire;
  readonly #domain: string;
  /** `stream`: what is counted; `msg ID`: what became of a message; `ack RID`: a receipt that was written. */
  readonly #memory: Map<string, unknown>;
  readonly #login: Login;
  #xml = new XmlStream();
  #counts: Counts | undefined;
  #broken = false;
  #left = false;

  constructor(who: Who, wire: Wire, memory: Map<string, unknown>, settings: XmppSettings) {
    this.#who = who;
    this.#wire = wire;
    this.#memory = memory;
    this.#domain = settings.domain;
    this.#login = new Login(who, wire, memory, settings, {
      restart: () => {
        this.#xml = new XmlStream();
      },
      enter: (counts) => {
        this.#counts = counts;
      },
    });
  }

  begin(): void {
    this.#login.begin();
  }

  leave(): void {
    this.#left = true;
    this.#memory.delete('stream');
    this.#wire.send(END);
  }

  receive(data: string | Uint8Array): void {
    if (this.#broken) return;
    try {
      for (const item of this.#xml.push(Buffer.from(data as Uint8Array))) this.#on(item);
    } catch (error) {
      // Anything else is a fault of the kit, and no accusation of the server.
      if (!(error instanceof NotXmpp)) throw error;
      this.#broken = true;
      this.#wire.unread(error.message, 'it is no XML stream of XMPP');
    }
  }

  #on(item: StreamItem): void {
    if (item.what === 'stanza') this.#onElement(item.element);
    else if (item.what === 'opened' && item.element.name !== 'stream') throw new NotXmpp(shownOf(item.element));
    else if (item.what === 'closed' && !this.#left) this.#wire.send(END);
  }

  #onElement(element: Element): void {
    const { name, namespace, attributes } = element;
    if (name === 'error' && namespace === NAMESPACE.streams) this.#onStreamError(element);
    else if (this.#counts === undefined) {
      if (!this.#login.on(element)) this.#wire.unread(shownOf(element), 'it is nothing of a login');
    } else if (namespace === NAMESPACE.client) this.#onStanza(this.#counts, element);
    else if (name === 'r' && namespace === NAMESPACE.management) this.#wire.send(this.#handled(this.#counts));
    else if (name === 'a' && namespace === NAMESPACE.management) {
      if (!this.#counts.onAnswer(Number(attributes.h)))
        this.#wire.unread(shownOf(element), 'the kit has not written so many stanzas');
    } else this.#wire.unread(shownOf(element), 'nobody asked for it');
  }

  #onStreamError(error: Element): void {
    const condition = conditionOf(error);
    this.#wire.closing(closeOf(condition));
    this.#wire.refused(503, condition);
  }

  #handled(counts: Counts): string {
    return `<a xmlns='${NAMESPACE.management}' h='${counts.handled}'/>`;
  }

  #onStanza(counts: Counts, stanza: Element): void {
    const { name, attributes } = stanza;
    const body = childOf(stanza, 'body', NAMESPACE.client);
    const isIgnored = name === 'message' && attributes.type !== 'error' && isOfTheServer(stanza);
    if (name === 'message' && attributes.type !== 'error' && body !== undefined && !isIgnored) {
      this.#onPush(counts, stanza, body.text);
      return;
    }
    counts.onStanza();
    if (isIgnored) return;
    if (name === 'message' && attributes.type === 'error') this.#onReturned(counts, stanza);
    else if (name === 'message') this.#onReceipt(stanza);
    else if (name === 'iq') this.#onIq(counts, stanza);
    else if (name !== 'presence') this.#wire.unread(shownOf(stanza), 'it is no stanza of XMPP');
  }

  #onPush(counts: Counts, stanza: Element, body: string): void {
    const { id: msgId, from: address, to: receiver } = stanza.attributes;
    if (msgId === undefined || address === undefined) {
      counts.onStanza();
      this.#wire.unread(shownOf(stanza), 'a message of the kit has an id, and the server says who sent it');
      return;
    }
    const from = userOf(address, this.#domain);
    const to = receiver === undefined ? this.#who.user : userOf(receiver, this.#domain);
    const serverMsgId = `${from}/${msgId}`;
    // Noted first: the ack may come within the call.
    counts.onStanza(serverMsgId);
    this.#wire.packet({ type: 'msg:N', msgId, from, to, body, serverMsgId });
  }

  /** A receipt is what the receiver has written: anybody could. The server says who it was. */
  #onReceipt(stanza: Element): void {
    const msgId = childOf(stanza, 'received', NAMESPACE.receipts)?.attributes.id;
    const message = this.#memory.get(`msg ${msgId}`) as Message | undefined;
    const from = userOf(stanza.attributes.from ?? '', this.#domain);
    if (msgId !== undefined && message?.to === from)
      this.#wire.packet({ type: 'ack:N', msgId, to: from, status: 'delivered' });
    else this.#wire.unread(shownOf(stanza), 'it has no body, and is no receipt of one who got a message');
  }

  /** Before its answer it is a refusal. Later it is one that im.ran.v1 has no word for: the message was taken over. */
  #onReturned(counts: Counts, stanza: Element): void {
    const { id = '' } = stanza.attributes;
    const refusal = refusalOf(stanza);
    const known = this.#memory.get(`msg ${id}`) as Message | undefined;
    if (known?.state === 'arrived') known.refusal = refusal;
    // A receipt comes back, too, where its reader is away and nothing is kept that has no text.
    else if (!counts.refuse(id, refusal) && !this.#memory.has(`ack ${id}`))
      this.#wire.unread(shownOf(stanza), 'no message waits for an answer that this could be');
  }

  /** The server may ask something, such as whether the client is there; any answer says yes. */
  #onIq(counts: Counts, stanza: Element): void {
    const { id = '', from = this.#domain, type } = stanza.attributes;
    if (type !== 'get' && type !== 'set') {
      this.#wire.unread(shownOf(stanza), 'nobody asked for it');
      return;
    }
    const error = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    counts.write({ answered: () => undefined });
    this.#wire.send(`<iq type='error' id='${escapeValue(id)}' to='${escapeValue(from)}'>${error}</iq>`);
  }

  send(request: MsgR | AckR): Cannot | undefined {
    if (this.#counts === undefined) return { cannot: 'write before the login is complete' };
    return request.type === 'msg:R' ? this.#publish(this.#counts, request) : this.#ack(this.#counts, request);
  }

  #address(user: string): string {
    return escapeValue(user.includes('@') ? user : `${user}@${this.#domain}`);
  }

  #publish(counts: Counts, { type: _type, rid, msgId, to, body, ...more }: MsgR): Cannot | undefined {
    const extra = extraField('a message', more);
    if (extra !== undefined) return extra;
    const noUser = whyNoUser(to);
    if (noUser !== undefined) return { cannot: noUser };
    if (!isXmlText(body + msgId)) return { cannot: 'write a character that XML does not have' };
    if (body.includes('\r')) return { cannot: 'keep a carriage return: XML makes a line feed of it' };
    const known = this.#memory.get(`msg ${msgId}`) as Message | undefined;
    if (known !== undefined && known.state !== 'lost') return this.#again(counts, known, rid);
    const message: Message = { to, state: 'sent', stream: counts.id ?? counts };
    this.#memory.set(`msg ${msgId}`, message);
    counts.write({ msgId, ...this.#fateOf(message, rid) });
    const request = `<request xmlns='${NAMESPACE.receipts}'/>`;
    this.#wire.send(
      `<message type='chat' id='${escapeValue(msgId)}' to='${this.#address(to)}'><body>${escapeText(body)}</body>${request}</message>${REQUEST}`,
    );
    return undefined;
  }

  #fateOf(message: Message, rid: string): Written {
    return {
      answered: (refusal) => {
        message.state = 'answered';
        this.#answer(rid, refusal);
      },
      arrived: () => {
        message.state = 'arrived';
      },
      // Then it may be sent anew. A receipt may come all the same, from a server that has told something wrong.
      lost: () => {
        message.state = 'lost';
      },
    };
  }

  #answer(rid: string, refusal: Refusal | undefined): void {
    if (refusal === undefined) this.#wire.packet({ type: 'msg:A', rid, status: 'stored' });
    else this.#wire.packet({ type: 'msg:A', rid, status: 'rejected', error: refusal });
  }

  /** A server does not know a message again: only what it told when a stream went on may stand for its answer. */
  #again(counts: Counts, known: Message, rid: string): Cannot | undefined {
    if (known.state === 'answered') return AGAIN;
    if (known.state === 'arrived') {
      known.state = 'answered';
      // Not within the call: an answer follows its request.
      queueMicrotask(() => this.#answer(rid, known.refusal));
      return undefined;
    }
    return known.stream === (counts.id ?? counts)
      ? { cannot: 'send a message twice on one stream: it would be another message' }
      : { cannot: 'tell whether a message has arrived whose stream could not be resumed' };
  }

  #ack(counts: Counts, { type: _type, rid, serverMsgId, ...more }: AckR): Cannot | undefined {
    const extra = extraField('an ack', more);
    if (extra !== undefined) return extra;
    const outcome = counts.ack(serverMsgId);
    if (outcome === 'early')
      return { cannot: 'ack a message before those in front of it: an ack counts for all of them' };
    if (outcome === 'unknown') return { cannot: 'ack what is not waiting for an ack on this stream' };
    const [from = '', msgId = ''] = serverMsgId.split(/\/(.*)/s);
    counts.write({ answered: () => void this.#wire.packet({ type: 'ack:A', status: 'ok', rid, serverMsgId }) });
    this.#memory.set(`ack ${rid}`, true);
    const received = `<received xmlns='${NAMESPACE.receipts}' id='${escapeValue(msgId)}'/>`;
    this.#wire.send(
      `<message type='chat' id='${escapeValue(rid)}' to='${this.#address(from)}'>${received}</message>${this.#handled(counts)}${REQUEST}`,
    );
    return undefined;
  }
}
