import { type ClientAction, WIRE } from '../../../schemas/index.js';
import type { Link } from '../../play/clients/link.js';
import type { Stage } from '../../play/stage.js';
import { durationMs } from '../../script/durations.js';
import { RAW_LABEL } from '../../script/labels.js';

type Frame = Extract<ClientAction, { verb: 'writes' }>['writes'];

const LONGEST_RID = 64;
const PLACEHOLDER = /\{(rid|rid64|user:([a-z][A-Za-z0-9-]*)|sid:([a-z][A-Za-z0-9-]*))\}/g;

/** From here on a frame is streamed. */
const HUGE_BYTES = 8 * 1_024 * 1_024;

/** What stands before and after the filling of a packet that is valid, unless its size is over the limit. */
const FILLED = { head: '{"type":"ack:R","rid":"big","serverMsgId":"none","filling":"', tail: '"}' } as const;

const frameOfBytes = (size: number): string =>
  FILLED.head + 'x'.repeat(Math.max(0, size - FILLED.head.length - FILLED.tail.length)) + FILLED.tail;

const nestedFrame = (kind: string, levels: number): string => {
  const [open, close] = kind === 'arrays' ? ['[', ']'] : ['{"a":', '}'];
  const deep = `${open.repeat(levels)}1${close.repeat(levels)}`;
  return `{"type":"ack:R","rid":"{rid}","serverMsgId":"none","deep":${deep}}`;
};

/** `{user:NAME}` in a further field of a packet: the user id of that client in this run. */
export const fillUsers = (stage: Stage, fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const client = typeof value === 'string' ? /^\{user:([a-z][A-Za-z0-9-]*)\}$/.exec(value)?.[1] : undefined;
      return [name, client === undefined ? value : (stage.actors.get(client)?.user ?? value)];
    }),
  );

const fillIn = (stage: Stage, link: Link, text: string): string =>
  text.replaceAll(PLACEHOLDER, (match, what, user, label) => {
    if (what === 'rid' || what === 'rid64') {
      const rid = link.nextRid(what === 'rid' ? 0 : LONGEST_RID);
      stage.book.noteRid(link.conn, rid, RAW_LABEL);
      return rid;
    }
    if (user !== undefined) return stage.actors.get(user)?.user ?? match;
    return stage.book.find(label)?.serverMsgId ?? match;
  });

/** With fresh ids in it: whoever was told `busy` writes the same message again, and not another one. */
export const withMsgIds = (stage: Stage, frame: Frame): Frame =>
  'text' in frame ? { text: frame.text.replaceAll('{msgId}', () => stage.nextMsgId()) } : frame;

/** Writes one frame that need not be a packet, as the script describes it. */
export const writeFrame = (stage: Stage, link: Link, frame: Frame, what: string): void => {
  if ('text' in frame) link.sendRaw(fillIn(stage, link, frame.text), 'text', what);
  else if ('base64' in frame) link.sendRaw(Buffer.from(frame.base64, 'base64'), frame.binary ? 'binary' : 'text', what);
  else if ('nested' in frame) {
    link.sendRaw(fillIn(stage, link, nestedFrame(frame.nested, Number(frame.levels))), 'text', what);
  } else {
    const declared = stage.options.description.limits?.maxFrameBytes ?? WIRE.frameBytes;
    const { timers } = stage.options;
    const size = frame.over === undefined ? durationMs(frame.frameBytes, timers) : declared + frame.over;
    if (size > HUGE_BYTES) link.sendHuge({ bytes: size, ...FILLED }, what);
    else link.sendRaw(frameOfBytes(size), 'text', what);
  }
};
