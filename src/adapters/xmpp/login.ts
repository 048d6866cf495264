import type { Who, Wire } from '../dialect.js';
import { Counts } from './counts.js';
import { conditionOf } from './errors.js';
import { NAMESPACE } from './names.js';
import { childOf, type Element, escapeValue, shownOf } from './xml.js';

export interface XmppSettings {
  /** The part of an address behind the @. */
  domain: string;
  /** Whether a stream goes on on the next connection. */
  resume: boolean;
  /** Whether TLS is started on an open stream, where the server offers it. */
  startTls: boolean;
}

const RESOURCE = 'default';

/**
 * From the first byte until messages may go: TLS where it is offered, SASL PLAIN, then the old stream is resumed, or a new one is bound, counted from
 * here on, and makes itself available.
 */
export class Login {
  readonly #who: Who;
  readonly #wire: Wire;
  readonly #settings: XmppSettings;
  /** `stream`: the Counts of the stream that the last connection had. */
  readonly #memory: Map<string, unknown>;
  readonly #restart: () => void;
  readonly #enter: (counts: Counts) => void;
  #isIn = false;
  /** What was told to the server as handled, in the request to resume. */
  #told = 0;

  constructor(
    who: Who,
    wire: Wire,
    memory: Map<string, unknown>,
    settings: XmppSettings,
    then: { restart: () => void; enter: (counts: Counts) => void },
  ) {
    this.#who = who;
    this.#wire = wire;
    this.#memory = memory;
    this.#settings = settings;
    this.#restart = then.restart;
    this.#enter = then.enter;
  }

  get #before(): Counts | undefined {
    return this.#memory.get('stream') as Counts | undefined;
  }

  begin(): void {
    this.#openStream();
  }

  #openStream(): void {
    this.#restart();
    this.#wire.send(
      `<?xml version='1.0'?><stream:stream to='${this.#settings.domain}' version='1.0' xmlns='${NAMESPACE.client}' xmlns:stream='${NAMESPACE.streams}'>`,
    );
  }

  /** False: that is nothing of a login. */
  on(element: Element): boolean {
    const { name, namespace, attributes } = element;
    if (name === 'features' && namespace === NAMESPACE.streams) this.#onFeatures(element);
    else if (name === 'proceed' && namespace === NAMESPACE.tls) {
      this.#wire.secure(this.#settings.domain);
      this.#openStream();
    } else if (name === 'failure' && namespace === NAMESPACE.tls)
      this.#wire.refused(503, 'it offers STARTTLS and then refuses it');
    else if (name === 'success' && namespace === NAMESPACE.sasl) {
      this.#isIn = true;
      this.#openStream();
    } else if (name === 'failure' && namespace === NAMESPACE.sasl) this.#wire.refused(401, conditionOf(element));
    else if (name === 'iq' && attributes.id === 'bind') this.#onBound(element);
    else if (name === 'enabled' && namespace === NAMESPACE.management) this.#onEnabled(element);
    else if (name === 'resumed' && namespace === NAMESPACE.management) this.#onResumed(element);
    else if (name === 'failed' && namespace === NAMESPACE.management) this.#onFailed(element);
    else return false;
    return true;
  }

  #onFeatures(features: Element): void {
    if (this.#isIn) {
      this.#onLetIn(features);
      return;
    }
    const tls = childOf(features, 'starttls', NAMESPACE.tls);
    if (tls && this.#settings.startTls) {
      this.#wire.send(`<starttls xmlns='${NAMESPACE.tls}'/>`);
      return;
    }
    const offered = childOf(features, 'mechanisms', NAMESPACE.sasl)?.children.map(({ text }) => text) ?? [];
    if (!offered.includes('PLAIN')) {
      this.#wire.refused(503, `it offers no login with PLAIN here, but ${offered.join(', ') || 'none'}`);
      return;
    }
    const { user, token } = this.#who;
    const secret = Buffer.from(`\0${user}\0${token}`).toString('base64');
    this.#wire.send(`<auth xmlns='${NAMESPACE.sasl}' mechanism='PLAIN'>${secret}</auth>`);
  }

  #onLetIn(features: Element): void {
    if (childOf(features, 'sm', NAMESPACE.management) === undefined) {
      this.#wire.refused(503, 'it runs without stream management (XEP-0198); in Prosody that is "smacks"');
      return;
    }
    const before = this.#before;
    if (before?.id === undefined) {
      this.#bind();
      return;
    }
    this.#told = before.handled;
    this.#wire.send(`<resume xmlns='${NAMESPACE.management}' h='${this.#told}' previd='${escapeValue(before.id)}'/>`);
  }

  #bind(): void {
    this.#wire.send(
      `<iq type='set' id='bind'><bind xmlns='${NAMESPACE.bind}'><resource>${RESOURCE}</resource></bind></iq>`,
    );
  }

  #onBound(iq: Element): void {
    if (iq.attributes.type !== 'result') {
      this.#wire.refused(503, `no resource is bound: ${shownOf(iq)}`);
      return;
    }
    const resume = this.#settings.resume ? " resume='true'" : '';
    this.#wire.send(`<enable xmlns='${NAMESPACE.management}'${resume}/>`);
  }

  #onEnabled({ attributes }: Element): void {
    const goesOn = this.#settings.resume && (attributes.resume === 'true' || attributes.resume === '1');
    const counts = new Counts(goesOn ? attributes.id : undefined);
    this.#take(counts);
    // With the answer the server has made it available, and everything that waited was pushed.
    counts.write({ answered: () => this.#wire.ready() });
    this.#wire.send(`<presence/><r xmlns='${NAMESPACE.management}'/>`);
  }

  #onResumed({ attributes }: Element): void {
    const counts = this.#before?.resumed(this.#told, Number(attributes.h));
    if (counts === undefined) return;
    this.#take(counts);
    this.#wire.ready();
  }

  #take(counts: Counts): void {
    this.#memory.set('stream', counts);
    this.#enter(counts);
  }

  /** The stream is gone; a server that still knows how much of it had arrived says so. */
  #onFailed(failed: Element): void {
    if (this.#before === undefined) {
      this.#wire.refused(503, `no stream management: ${conditionOf(failed)}`);
      return;
    }
    if (failed.attributes.h !== undefined) this.#before.settle(Number(failed.attributes.h));
    this.#memory.delete('stream');
    this.#bind();
  }
}
