/** An element with all that is in it. Prefixes are resolved: `name` is without one. */
export interface Element {
  name: string;
  namespace: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly Element[];
  text: string;
}

/** What arrived is not the XML that XMPP allows; whatever follows cannot be trusted. */
export class NotXmpp extends Error {}

/** The stream is open from its first tag on; what is in it comes element by element. */
export type StreamItem = { what: 'opened' | 'stanza'; element: Element } | { what: 'closed' };

interface Building {
  qualified: string;
  element: Element & { children: Element[] };
  scope: Readonly<Record<string, string>>;
  /** As they came, entities and all: a piece of the stream may end within one. */
  pieces: string[];
}

const MOST_TAG_CHARACTERS = 65_536;
const MOST_STANZA_CHARACTERS = 16_777_216;
const MOST_DEPTH = 100;
const CDATA = '<![CDATA[';
const CDATA_END = ']]>';
const NAME = `[^\\s<>/=&"'!?]+`;
const TAG = new RegExp(`^<(/?)(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>$`);
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g');
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const NO_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const LONE_SURROGATE = /[\u{d800}-\u{dfff}]/u;
const MAY_BE_LONE = /[\ud800-\udfff]/;

/** Whether XML has all these characters: it has no control characters, and no lone surrogates. */
export const isXmlText = (text: string): boolean =>
  !NO_CHARACTER.test(text) && !(MAY_BE_LONE.test(text) && LONE_SURROGATE.test(text));

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' },
  ...{ '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' },
};
const escaped = (text: string, special: RegExp): string => text.replace(special, (one) => ESCAPES[one] ?? one);

/** A text as the value of an attribute, which stays the same when it is read. */
export const escapeValue = (text: string): string => escaped(text, /[&<>"'\t\n\r]/g);

/** A text as content, which stays the same when it is read. */
export const escapeText = (text: string): string => escaped(text, /[&<>\r]/g);

const entity = (name: string): string => {
  const known = ENTITIES[name];
  if (known !== undefined) return known;
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name) ?? [];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (!(code <= 0x10_ffff)) throw new NotXmpp(`&${name.slice(0, 30)}; is no entity that XMPP allows`);
  return String.fromCodePoint(code);
};

const unescaped = (raw: string): string => {
  const text = raw.includes('&')
    ? raw.replace(/&([^;]{0,30};?)/g, (_, name: string) => {
        if (!name.endsWith(';')) throw new NotXmpp('a & without an entity');
        return entity(name.slice(0, -1));
      })
    : raw;
  if (!isXmlText(text)) throw new NotXmpp('a character that XML does not have');
  return text;
};

/** Where the tag that begins there ends; -1: not yet. A value may hold a `>`. */
const endOfTag = (text: string, from: number): number => {
  let quote = '';
  for (let at = from; at < text.length; at += 1) {
    const one = text[at] as string;
    if (quote !== '') quote = one === quote ? '' : quote;
    else if (one === '"' || one === "'") quote = one;
    else if (one === '>') return at + 1;
  }
  return -1;
};

/** Which namespaces the prefixes mean within an element; `` is none. */
const scopeOf = (
  around: Readonly<Record<string, string>>,
  attributes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const declared = Object.keys(attributes).filter((name) => name === 'xmlns' || name.startsWith('xmlns:'));
  if (declared.length === 0) return around;
  return {
    ...around,
    ...Object.fromEntries(declared.map((name) => [name.slice('xmlns:'.length), attributes[name] ?? ''])),
  };
};

/** Cuts an XML stream of XMPP into its stanzas: no comment, no processing instruction, no DTD, as RFC 6120 has it. */
export class XmlStream {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #open: Building[] = [];
  #rest = '';
  #begun = false;
  #characters = 0;

  /** Any piece of the stream. Throws NotXmpp where it breaks the rules; then it is of no use any more. */
  *push(data: Uint8Array): Generator<StreamItem> {
    try {
      this.#rest += this.#decoder.decode(data, { stream: true });
    } catch {
      throw new NotXmpp('bytes that are not UTF-8');
    }
    let from = 0;
    for (let end = this.#endOfNext(from); end > from; end = this.#endOfNext(from)) {
      const token = this.#rest.slice(from, end);
      from = end;
      const item = token.startsWith('<') && !token.startsWith(CDATA) ? this.#onTag(token) : this.#onText(token);
      if (item !== undefined) yield item;
    }
    this.#rest = this.#rest.slice(from);
  }

  /** Where the text or tag ends that begins there; not behind it: it has not come whole. */
  #endOfNext(from: number): number {
    const rest = this.#rest;
    if (rest[from] !== '<') {
      const end = rest.indexOf('<', from);
      return end < 0 ? rest.length : end;
    }
    if (rest.startsWith(CDATA, from)) {
      const end = rest.indexOf(CDATA_END, from);
      if (end < 0 && rest.length - from > MOST_STANZA_CHARACTERS) throw new NotXmpp('a stanza without end');
      return end < 0 ? end : end + CDATA_END.length;
    }
    const beginning = rest.slice(from, from + CDATA.length);
    if (beginning.startsWith('<!') && !CDATA.startsWith(beginning)) throw new NotXmpp(`XMPP forbids ${beginning}`);
    const end = endOfTag(rest, from);
    if (end < 0 && rest.length - from > MOST_TAG_CHARACTERS)
      throw new NotXmpp(`a tag without end: ${rest.slice(from, from + 60)}`);
    return end;
  }

  #onText(token: string): undefined {
    const inside = this.#open.at(-1);
    // Between stanzas there may be white space: a sign of life.
    if (inside === undefined || this.#open.length === 1) {
      if (token.trim() !== '') throw new NotXmpp(`text outside of a stanza: ${token.slice(0, 60)}`);
      return;
    }
    this.#characters += token.length;
    if (this.#characters > MOST_STANZA_CHARACTERS) throw new NotXmpp('a stanza without end');
    const cdata = token.startsWith(CDATA) ? token.slice(CDATA.length, -CDATA_END.length) : undefined;
    inside.pieces.push(cdata === undefined ? token : escapeText(cdata.replace(/\r\n?/g, '\n')));
  }

  #onTag(token: string): StreamItem | undefined {
    if (token.startsWith('<?')) {
      if (this.#begun || !/^<\?xml\s.*\?>$/s.test(token)) throw new NotXmpp(`XMPP forbids ${token.slice(0, 30)}`);
      this.#begun = true;
      return undefined;
    }
    this.#begun = true;
    const [, closes, qualified = '', attributes = '', isEmpty] = TAG.exec(token) ?? [];
    if (qualified === '') throw new NotXmpp(`no tag: ${token.slice(0, 60)}`);
    if (closes) return this.#close(qualified);
    this.#start(qualified, attributes);
    if (isEmpty) return this.#close(qualified);
    return this.#open.length === 1 ? { what: 'opened', element: (this.#open[0] as Building).element } : undefined;
  }

  #start(qualified: string, written: string): void {
    if (this.#open.length >= MOST_DEPTH) throw new NotXmpp(`more than ${MOST_DEPTH} elements within each other`);
    const attributes: Record<string, string> = {};
    for (const [, name = '', double, single] of written.matchAll(ATTRIBUTE))
      attributes[name] = unescaped((double ?? single ?? '').replace(/[\t\n\r]/g, ' '));
    const scope = scopeOf(this.#open.at(-1)?.scope ?? {}, attributes);
    const [name = '', prefix = ''] = qualified.split(':', 2).reverse();
    const namespace = scope[prefix] ?? '';
    if (prefix !== '' && namespace === '') throw new NotXmpp(`nobody has said what ${prefix}: means`);
    const element = { name, namespace, attributes, children: [], text: '' };
    this.#open.push({ qualified, element, scope, pieces: [] });
  }

  #close(qualified: string): StreamItem | undefined {
    const closed = this.#open.pop();
    if (closed?.qualified !== qualified) throw new NotXmpp(`</${qualified}> closes nothing`);
    const { element, pieces } = closed;
    element.text = unescaped(pieces.join('').replace(/\r\n?/g, '\n'));
    const parent = this.#open.at(-1);
    if (parent === undefined) return { what: 'closed' };
    if (this.#open.length > 1) {
      parent.element.children.push(element);
      return undefined;
    }
    this.#characters = 0;
    return { what: 'stanza', element };
  }
}

/** The first element of that name within another one. */
export const childOf = ({ children }: Element, name: string, namespace: string): Element | undefined =>
  children.find((one) => one.name === name && one.namespace === namespace);

/** As much of an element as a finding shows. */
export const shownOf = ({ name, attributes, children, text }: Element): string => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}='${escapeValue(value)}'`);
  const inner = `${escapeText(text.slice(0, 300))}${children.map(shownOf).join('')}`;
  return `<${name}${written.join('')}>${inner}</${name}>`.slice(0, 600);
};
