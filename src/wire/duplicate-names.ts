const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

/** Index of the quote that closes the string whose first character is at `from`. The text is valid JSON. */
const closingQuote = (text: string, from: number): number => {
  for (let at = text.indexOf('"', from); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
};

/** How many `name: value` pairs the text spells: colons outside strings. Jumps over strings, so long bodies cost little. */
const membersSpelled = (text: string): number => {
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COLON) members += 1;
    else if (code === QUOTE) at = closingQuote(text, at + 1);
  }
  return members;
};

/** How many members the parsed value holds, at every depth. Own stack: a frame may nest very deep. */
const membersParsed = (value: object): number => {
  let members = 0;
  const pending: object[] = [value];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const isObject = !Array.isArray(item);
    for (const member of Object.values(item)) {
      if (isObject) members += 1;
      if (typeof member === 'object' && member !== null) pending.push(member);
    }
  }
  return members;
};

/** The names that occur twice in one object, in order of appearance. Only called when the counts differ. */
const repeatedNames = (text: string): string[] => {
  const repeated = new Set<string>();
  const scopes: Set<string>[] = [];
  let lastString = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') scopes.push(new Set());
    else if (character === '}' || character === ']') scopes.pop();
    else if (character === '"') {
      const end = closingQuote(text, at + 1);
      lastString = text.slice(at, end + 1);
      at = end;
    } else if (character === ':') {
      const name = JSON.parse(lastString) as string;
      const scope = scopes.at(-1);
      if (scope?.has(name)) repeated.add(name);
      scope?.add(name);
    }
  }
  return [...repeated];
};

/**
 * Member names that one object of the text has twice (I-JSON, RFC 7493, section 2.3).
 * `value` is what JSON.parse made of `text`: if it has as many members as the text spells, nothing was swallowed.
 */
export const duplicateNames = (text: string, value: object): string[] =>
  membersSpelled(text) === membersParsed(value) ? [] : repeatedNames(text);
