import type { FramesName } from '../../../schemas/index.js';
import { type Codec, decodeJson, textOf, writeJson } from './codec.js';
import { socketIo } from './socket-io.js';
import { stomp } from './stomp.js';

const json = (): Codec => ({ decode: (data) => [decodeJson(textOf(data))], encode: writeJson });

/** Frames that end with a character, wherever the data is cut. */
const ended = (end: string): Codec => {
  let rest = '';
  const decoder = new TextDecoder();
  return {
    decode: (data) => {
      rest += typeof data === 'string' ? data : decoder.decode(data, { stream: true });
      const parts = rest.split(end);
      rest = parts.pop() ?? '';
      // Over WebSocket the last one may come without its end.
      if (typeof data === 'string' && rest.trim() !== '') {
        parts.push(rest);
        rest = '';
      }
      return parts.filter((part) => part.trim() !== '').map(decodeJson);
    },
    encode: (value) => `${writeJson(value)}${end}`,
  };
};

const CODECS: Readonly<Record<FramesName, () => Codec>> = {
  json,
  'json-lines': () => ended('\n'),
  'json-records': () => ended('\u001e'),
  'socket.io': socketIo,
  stomp,
};

export const codecOf = (name: FramesName): Codec => CODECS[name]();
