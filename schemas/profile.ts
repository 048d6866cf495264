import { type Static, Type } from '@sinclair/typebox';
import { PACKET_TYPES } from './wire.js';

/**
 * What a foreign protocol can have beside its packets: the fields that some frame brings, and the rules that its own text
 * gives. Everything else the kit has to make up, and what it made up proves nothing.
 */
export const PROFILE_FIELDS = [
  'device',
  'msg:R.msgId',
  'msg:R.ttlMs',
  'msg:A.rid',
  'msg:A.serverMsgId',
  'msg:A.duplicate',
  'msg:A.rejected',
  'msg:A.id-conflict',
  'msg:A.inbox-full',
  'msg:N.msgId',
  'msg:N.serverMsgId',
  'msg:N.from',
  'msg:N.to',
  'msg:N.acceptedAt',
  'msg:N.expiresAt',
  'msg:N.seq',
  'ack:A.duplicate',
  'ack:A.rejected',
  'ack:N.stored',
  'ack:N.delivered',
  'ack:N.expired',
  'ack:N.at',
  'close.1001',
  'close.4409',
  'push-on-resend',
] as const;
export type ProfileField = (typeof PROFILE_FIELDS)[number];

/** What a requirement can rest on. `wire`: the frames of IM-RAN as they stand, which no foreign protocol has. */
export const RESTS_ON = [...PACKET_TYPES, ...PROFILE_FIELDS, 'wire'] as const;
/** A packet, a field of one, a rule beside the frames, or `wire`: without it a requirement means nothing. */
export type RestsOn = (typeof RESTS_ON)[number];

/** Without these three a protocol promises nothing, and nothing can be judged. */
export const NEEDED_PACKETS = ['msg:R', 'msg:A', 'msg:N'] as const;

const names = <N extends string>(all: readonly N[]) => Type.Array(Type.Union(all.map((name) => Type.Literal(name))));

export const ProfileSchema = Type.Object(
  {
    packets: names(PACKET_TYPES),
    fields: names(PROFILE_FIELDS),
    sharesQueue: Type.Optional(
      Type.Literal(true, {
        description:
          'Two connections of one device share what comes: the newer one does not take the place of the older one.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Which of the six packets the protocol has, and which of their fields a frame brings.',
  },
);
export type Profile = Static<typeof ProfileSchema>;

const REASONS: Readonly<Partial<Record<RestsOn, string>>> = {
  wire: 'it is about the frames of im.ran.v1 themselves',
  device: 'this protocol does not name devices',
  'msg:R.msgId': 'in this protocol a message has no id of its sender',
  'msg:R.ttlMs': 'this protocol gives messages no lifetime',
  'msg:A.rid': 'in this protocol an answer does not name its request',
  'msg:A.duplicate': 'this protocol does not tell a known message from a new one',
  'msg:A.rejected': 'this protocol refuses no message by an answer',
  'ack:A.duplicate': 'this protocol does not tell a repeated ack from the first one',
  'ack:A.rejected': 'this protocol refuses no ack by an answer',
  'close.1001': 'this protocol has no close code for a server that stops',
  'close.4409': 'this protocol does not tell that a newer connection has replaced one',
  'push-on-resend': 'this protocol does not promise another push when a message is sent again',
};

/** Whether the protocol has all that something rests on; otherwise why not, as a sentence goes on. */
export const whyMissing = (
  { packets, fields }: Profile,
  rests: readonly RestsOn[],
): { missing: RestsOn; reason: string } | undefined => {
  const has: ReadonlySet<string> = new Set([...packets, ...fields]);
  const missing = rests.find((item) => !has.has(item));
  if (missing === undefined) return undefined;
  const [packet = '', field] = missing.split('.');
  if (field !== undefined && packet !== 'close' && !has.has(packet)) {
    return { missing, reason: `this protocol has no ${packet}` };
  }
  const named =
    field === undefined ? `this protocol has no ${packet}` : `in this protocol ${packet} brings no ${field}`;
  return { missing, reason: REASONS[missing] ?? named };
};

/** What a protocol with that profile cannot promise, whatever a server does: a finding of its own. */
export const cannotPromiseOf = ({ packets, fields, sharesQueue }: Profile): string[] => {
  const sentences: [boolean, string][] = [
    [!fields.includes('msg:R.msgId'), 'no id of the sender: after a lost answer a message is lost or doubled'],
    [!packets.includes('ack:R'), 'no ack of the receiver: a push that is lost on its way is lost for good'],
    [
      packets.includes('ack:R') && !packets.includes('ack:A'),
      'no answer to an ack: a receiver has to remember every message for ever, or it may see one twice',
    ],
    [!fields.includes('ack:N.delivered'), 'no receipt: a sender never learns whether its message has arrived'],
    [
      sharesQueue === true,
      'two connections of one user share its messages: what goes to a dead one waits until the server has noticed',
    ],
  ];
  return sentences.filter(([holds]) => holds).map(([, sentence]) => sentence);
};

/** What is in nobody's frames: for the head of a report. */
export const madeUpIn = ({ packets, fields }: Profile): { absent: string[]; madeUp: string[] } => ({
  absent: PACKET_TYPES.filter((type) => !packets.includes(type)),
  madeUp: PROFILE_FIELDS.filter((field) => {
    const [packet = '', name] = field.split('.');
    return name !== undefined && packets.some((type) => type === packet) && !fields.includes(field);
  }),
});
