import { type Static, Type } from '@sinclair/typebox';
import { WIRE } from '../../../schemas/index.js';
import { closed, count, duration, placeholder } from '../../../schemas/script-values.js';
import type { Link } from '../../play/clients/link.js';
import type { Stage } from '../../play/stage.js';
import { durationMs, RAW_LABEL } from '../../script/index.js';
import { fillText } from '../../template.js';

/** One frame as a script describes it. */
export const frame = Type.Union([
  Type.Object(
    {
      text: Type.String({
        description:
          '`{rid}`: a fresh rid, answered as message `raw`. `{rid64}`: one of 64 characters. `{msgId}`: a fresh id. `{user:NAME}`: a user id. `{serverMsgId:m1}`: that of a message.',
      }),
    },
    closed,
  ),
  Type.Object({ base64: Type.String(), binary: Type.Optional(Type.Boolean()) }, closed),
  Type.Object({ frameBytes: Type.Union([count, duration]), over: Type.Optional(Type.Integer()) }, closed),
  Type.Object(
    {
      nested: Type.Union([Type.Literal('arrays'), Type.Literal('objects'), placeholder]),
      levels: count,
    },
    { ...closed, description: 'An ack:R, answered as message `raw`, with an unknown field of that many levels.' },
  ),
]);
type Frame = Static<typeof frame>;

const LONGEST_RID = 64;

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

const fillIn = (stage: Stage, link: Link, text: string): string =>
  String(
    fillText(text, ({ name, argument = '' }) => {
      if (name === 'user') return stage.actors.get(argument)?.user;
      if (name === 'serverMsgId') return stage.messages.find(argument)?.serverMsgId;
      if (name !== 'rid' && name !== 'rid64') return undefined;
      const rid = link.nextRid(name === 'rid' ? 0 : LONGEST_RID);
      stage.messages.noteRid(link.conn, rid, RAW_LABEL);
      return rid;
    }),
  );

/** With fresh ids in it: whoever was told `busy` writes the same message again, and not another one. */
export const withMsgIds = (stage: Stage, frame: Frame): Frame =>
  'text' in frame
    ? { text: String(fillText(frame.text, ({ name }) => (name === 'msgId' ? stage.nextMsgId() : undefined))) }
    : frame;

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
