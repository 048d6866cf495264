import { type Codec, type Decoded, textOf } from './codec.js';

const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\c': ':', '\\\\': '\\' };
const unescaped = (text: string): string => text.replaceAll(/\\[nrc\\]/g, (found) => ESCAPES[found] ?? found);
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll(':', '\\c');

/** CONNECT and CONNECTED are not escaped (STOMP 1.2). */
const isPlain = (command: string): boolean => command === 'CONNECT' || command === 'CONNECTED';

const END_OF_HEADERS = /\r?\n\r?\n/;

/** Where the frame at the beginning of the text ends, that is where its NUL stands; undefined if it is not whole. */
const endOf = (text: string): number | undefined => {
  const first = text.indexOf('\0');
  const headers = END_OF_HEADERS.exec(first < 0 ? text : text.slice(0, first));
  const length = headers && /(?:^|\n)content-length:(\d+)/.exec(text.slice(0, headers.index))?.[1];
  if (headers === null || length === undefined) return first < 0 ? undefined : first;
  // A body may hold a NUL where its length, in bytes, is told.
  const from = headers.index + headers[0].length;
  const bytes = Buffer.from(text.slice(from));
  if (bytes.length <= Number(length)) return undefined;
  return from + bytes.subarray(0, Number(length)).toString().length;
};

const read = (text: string): Decoded => {
  const end = END_OF_HEADERS.exec(text);
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
      const end = endOf(rest);
      if (end === undefined) return found;
      const isClosed = rest[end] === '\0';
      found.push(
        isClosed
          ? read(rest.slice(0, end))
          : { broken: 'no NUL stands where its content-length ends', text: rest.slice(0, end) },
      );
      rest = rest.slice(isClosed ? end + 1 : end);
    }
  };
  return {
    decode: (data) => {
      rest += typeof data === 'string' ? textOf(data) : decoder.decode(data, { stream: true });
      return frames();
    },
    encode: (value) => {
      const { command, headers: given = {}, body = '' } = value as { command: string; headers?: object; body?: string };
      if (command === '') return '\n';
      const headers = body.includes('\0') ? { ...given, 'content-length': Buffer.byteLength(body) } : given;
      const plain = isPlain(command);
      const lines = Object.entries(headers).map(([name, text]) =>
        plain ? `${name}:${text}` : `${escaped(name)}:${escaped(String(text))}`,
      );
      return `${[command, ...lines].join('\n')}\n\n${body}\0`;
    },
  };
};
