/** Text that is HTML already; everything else is escaped where it is put into a page. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

type Part = Markup | string | number | undefined | readonly Part[];

const htmlOf = (part: Part): string => {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.html;
  if (typeof part === 'object') return part.map(htmlOf).join('');
  return escaped(String(part));
};

/** A template whose values are escaped, unless they are markup themselves; lists are joined, undefined is nothing. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(texts.map((text, index) => text + htmlOf(parts[index])).join(''));

/** A sentence of the specification: what stands between back quotes is set as code. */
export const prose = (text: string): Markup => {
  const parts = text.split('`');
  // One that is not closed is an ordinary character.
  if (parts.length % 2 === 0) return html`${text}`;
  return html`${parts.map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`))}`;
};
