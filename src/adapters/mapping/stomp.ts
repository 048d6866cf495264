import { type Codec, type Decoded, textOf } from './codec.js';

const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\c': ':', '\\\\': '\\' };
const unescaped = (text: string): string => text.replaceAll(/\\[nrc\\]/g, (found) => ESCAPES[found] ?? found);
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll(':', '\\c');

/** CONNECT and CONNECTED are not escaped (STOMP 1.2). */
const isPlain = (command: string): boolean => command === 'CONNECT' || command === 'CONNECTED';

const read = (text: string): Decoded => {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return { broken: 'it has no empty line after its headers', text };
  const [command = '', ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const headers: Record<string, string> = {};
  const plain = isPlain(command);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) return { broken: `the header "${line}" has no colon`, text };
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1)];
    // Of a header that stands twice the first one counts.
    const known = plain ? name : unescaped(name);
    if (!Object.hasOwn(headers, known)) headers[known] = plain ? value : unescaped(value);
  }
  return { value: { command, headers, body: text.slice(end.index + end[0].length) }, text };
};

/** STOMP 1.2: `{ command, headers, body }`. To write `{ command: '' }` is to write an empty line, a heart-beat. */
export const stomp = (): Codec => {
  let rest = '';
  const decoder = new TextDecoder();
  const frames = (): Decoded[] => {
    const found: Decoded[] = [];
    for (;;) {
      // Line ends stand between frames, and alone they are a sign of life: no frame in either case.
      rest = rest.replace(/^(\r?\n)+/, '');
      const end = rest.indexOf('\0');
      if (end < 0) return found;
      found.push(read(rest.slice(0, end)));
      rest = rest.slice(end + 1);
    }
  };
  return {
    decode: (data) => {
      rest += typeof data === 'string' ? textOf(data) : decoder.decode(data, { stream: true });
      return frames();
    },
    encode: (value) => {
      const { command, headers = {}, body = '' } = value as { command: string; headers?: object; body?: string };
      if (command === '') return '\n';
      const plain = isPlain(command);
      const lines = Object.entries(headers).map(([name, text]) =>
        plain ? `${name}:${text}` : `${escaped(name)}:${escaped(String(text))}`,
      );
      return `${[command, ...lines].join('\n')}\n\n${body}\0`;
    },
  };
};
