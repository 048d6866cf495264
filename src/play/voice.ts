import type { Packet } from '../../schemas/index.js';
import { defined } from '../defined.js';
import type { ClientSpec } from '../script/model.js';
import { encodePacket } from '../wire/index.js';
import type { FrameForm } from './ports.js';

export type NamedVoice = NonNullable<ClientSpec['voice']>;

/** How the request of an upgrade looks. Each form is one that RFC 6455 allows, and means the same. */
export interface HandshakeForm {
  upgrade: string;
  connection: string;
  /** How the names of its headers are written. */
  names: 'usual' | 'lower case' | 'upper case';
  /** What else is offered beside the subprotocol of the protocol, and where. */
  offers: 'alone' | 'first of two' | 'last of two';
  /** The order of the headers: a number from 0 to 1 for each, as many as there are. */
  order: readonly number[];
  /** Whether permessage-deflate is offered. */
  deflate: boolean;
}

export const JSON_FORMS = ['compact', 'spaced', 'indented', 'escaped'] as const;
export const MEMBER_ORDERS = ['usual', 'sorted', 'reversed'] as const;

/** How a client speaks on one connection: what is free to every client, and must not matter. */
export interface Voice {
  /** Undefined: as the WebSocket library of the kit does it. */
  handshake?: HandshakeForm;
  json: (typeof JSON_FORMS)[number];
  members: (typeof MEMBER_ORDERS)[number];
  /** Bytes of the payload of a ping. */
  pingBytes: number;
  /** A frame is cut into two TCP segments after that many of its bytes. Undefined: no frame is cut. */
  cutAfter?: number;
  /** A frame leaves byte by byte as far as its head goes, each in a segment of its own. */
  drips?: true;
  /** Packets are compressed where the server took the offer of permessage-deflate. */
  compresses: boolean;
  /** `any`: its rids have every length that is allowed, one after the other. `odd`: they look like something else. */
  rids: 'short' | 'any' | 'odd';
}

export const PLAIN_VOICE: Voice = { json: 'compact', members: 'usual', pingBytes: 0, compresses: false, rids: 'short' };

/** What a script can ask for by name, instead of a voice of the seed. */
export const NAMED_VOICES: Readonly<Record<NamedVoice, Voice>> = {
  plain: PLAIN_VOICE,
  compressed: {
    ...PLAIN_VOICE,
    handshake: {
      upgrade: 'websocket',
      connection: 'Upgrade',
      names: 'usual',
      offers: 'alone',
      order: [],
      deflate: true,
    },
    compresses: true,
  },
  dripping: { ...PLAIN_VOICE, drips: true },
  'all-lengths': { ...PLAIN_VOICE, rids: 'any' },
  'odd-rids': { ...PLAIN_VOICE, rids: 'odd' },
};

/** The longest payload of a ping, and the longest head of a frame that a client writes. */
const MOST_PING_BYTES = 125;
const MOST_HEAD_BYTES = 14;
/** More headers than an upgrade of the kit has. */
const HEADERS = 24;

/** No rid is shorter, where rids have every length. */
const SHORTEST_RID = 2;
const LONGEST_RID = 64;
/** What a server may take for a number, for nothing, or for a member of an object. Then plain numbers follow. */
const ODD_RIDS = ['0', '00', '-', '_', '-0', '1e1', '0x10', '__proto__', 'constructor', 'null', 'true'];

/**
 * The rid of the transmission with that number, from 1, on a connection: no two of a connection are the same.
 * `length`: it has at least so many characters.
 */
export const ridOf = (number: number, rids: Voice['rids'], length = 0): string => {
  const rid = rids === 'odd' ? (ODD_RIDS[number - 1] ?? `${number}`) : `r${number}`;
  const drawn = rids === 'any' ? SHORTEST_RID + (number % (LONGEST_RID - SHORTEST_RID + 1)) : 0;
  return rid.padEnd(length === 0 ? drawn : length, '-_Az09');
};

const pick = <T>(random: () => number, of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;

const handshakeOf = (random: () => number): HandshakeForm => ({
  upgrade: pick(random, ['websocket', 'WebSocket', 'WEBSOCKET']),
  connection: pick(random, ['Upgrade', 'upgrade', 'keep-alive, Upgrade', 'Upgrade,Keep-Alive']),
  names: pick(random, ['usual', 'lower case', 'upper case']),
  offers: pick(random, ['alone', 'first of two', 'last of two']),
  order: Array.from({ length: HEADERS }, random),
  deflate: random() < 0.5,
});

/** Draws a voice. The same numbers give the same one. */
export const voiceOf = (random: () => number): Voice => {
  const handshake = handshakeOf(random);
  return {
    handshake,
    json: random() < 0.5 ? 'compact' : pick(random, JSON_FORMS),
    members: pick(random, MEMBER_ORDERS),
    pingBytes: pick(random, [0, 1, MOST_PING_BYTES, Math.floor(random() * MOST_PING_BYTES)]),
    ...(random() < 0.5 ? { cutAfter: 1 + Math.floor(random() * MOST_HEAD_BYTES) } : {}),
    compresses: handshake.deflate,
    rids: pick(random, ['any', 'odd', 'short', 'short']),
  };
};

/** For people: whatever is not as usual. */
export const describeVoice = ({ handshake, json, members, cutAfter, drips, compresses, rids }: Voice): string =>
  [
    handshake && describeHandshake(handshake),
    json === 'compact' ? undefined : `${json} JSON`,
    members === 'usual' ? undefined : `members ${members}`,
    cutAfter === undefined ? undefined : `frames cut after ${cutAfter} bytes`,
    drips && 'frames that drip',
    compresses ? 'compressed if possible' : undefined,
    rids === 'any' ? 'rids of every length' : undefined,
    rids === 'odd' ? 'rids like numbers and words' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('; ');

export const describeHandshake = ({ upgrade, connection, names, offers, deflate }: HandshakeForm): string =>
  [
    `Upgrade: ${upgrade}`,
    `Connection: ${connection}`,
    names === 'usual' ? undefined : `header names in ${names}`,
    offers === 'alone' ? undefined : `im.ran.v1 offered ${offers}`,
    deflate ? 'permessage-deflate offered' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');

/** A longer text is written as it is: an escape makes six characters of one. */
const LONGEST_ESCAPED = 4_096;
const ESCAPE_EVERY = 3;

const inOrder = (packet: Packet, members: Voice['members']): Record<string, unknown> => {
  const entries = Object.entries(packet);
  if (members === 'sorted') entries.sort(([a], [b]) => (a < b ? -1 : 1));
  if (members === 'reversed') entries.reverse();
  return Object.fromEntries(entries);
};

const hex = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Letters and digits within strings, and only these: what stands outside of them, or is an escape already, stays. */
const escapeSome = (text: string): string => {
  let count = 0;
  return text.replace(/"(?:[^"\\]|\\.)*"/g, (string) =>
    string.replace(/\\u[0-9a-fA-F]{4}|\\.|[A-Za-z0-9/]/g, (found) => {
      if (found === '/') return '\\/';
      if (found.length > 1) return found;
      count += 1;
      return count % ESCAPE_EVERY === 0 ? hex(found) : found;
    }),
  );
};

/** The text of one packet, in the JSON of a voice. */
export const encodeWith = (packet: Packet, { json, members }: Voice): string => {
  if (json === 'compact' && members === 'usual') return encodePacket(packet);
  const ordered = inOrder(packet, members);
  if (json === 'indented') return `\n${JSON.stringify(ordered, undefined, '\t')}\r\n`;
  const text = JSON.stringify(ordered);
  if (json === 'spaced') return ` ${JSON.stringify(ordered, undefined, 1).replaceAll('\n', ' ')} `;
  return json === 'escaped' && text.length <= LONGEST_ESCAPED ? escapeSome(text) : text;
};

/** How its frames are written, where that differs from what the WebSocket library does. */
export const frameFormOf = ({ compresses, cutAfter, drips }: Voice): FrameForm | undefined =>
  compresses || cutAfter !== undefined || drips
    ? { compressed: compresses, ...defined({ cutAfter, drips }) }
    : undefined;
