import { type Static, Type } from '@sinclair/typebox';
import { CLOSE, ERROR_CODES } from '../../../schemas/index.js';
import {
  count,
  duration,
  messages,
  packetType,
  placeholder,
  requirement,
  which,
} from '../../../schemas/script-values.js';
import { defined } from '../../defined.js';
import { connectionOf, describeMissed, missOf, PacketWait } from '../../play/clients/await-packets.js';
import { awaitedBy, describePattern, type Pattern } from '../../play/clients/expectation.js';
import type { Link } from '../../play/clients/link.js';
import { playedThroughDialect } from '../../play/clients/through-dialect.js';
import type { Stage } from '../../play/stage.js';
import { CLOSED_BY_A_FAULT, recordExpectation, recordUnreached } from '../../play/step-outcome.js';
import { boundWaitMs, durationMs, labelsOf } from '../../script/index.js';
import { defaultRequirement } from '../default-requirement.js';
import { defineClientVerb, nobody, nothing, nothingNew } from '../define.js';
import { waitFor } from './wait-for.js';

const fields = {
  gets: Type.Union([packetType, Type.Literal('close'), Type.Literal('pong'), Type.Literal('any')], {
    description: '`any`: a packet or a close, whichever comes first.',
  }),
  of: Type.Optional(messages),
  status: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })])),
  error: Type.Optional(Type.Union(ERROR_CODES.map((code) => Type.Literal(code)))),
  code: Type.Optional(Type.Union([Type.Integer(), placeholder, Type.Array(Type.Integer(), { minItems: 1 })])),
  times: Type.Optional(count),
  lacks: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: 'Words that must be nowhere in the packet: neither the name of a member, at any depth, nor a text.',
    }),
  ),
  within: Type.Optional(duration),
  already: Type.Optional(
    Type.Literal(true, { description: 'It must have come before this step: nothing is waited for.' }),
  ),
  insists: Type.Optional(
    Type.Literal(true, { description: 'To be put off (`busy`, `internal`), again and again, is missed, too.' }),
  ),
  by: Type.Optional(requirement),
  connection: which,
};

/** Since when these packets are due: since the first of their messages was sent. Without messages from now on. */
export const dueSince = (stage: Stage, labels: readonly string[]): number =>
  Math.min(
    performance.now(),
    ...labels.map((label) => stage.messages.find(label)?.lastSentAt ?? Number.POSITIVE_INFINITY),
  );

const patternOf = ({
  gets: what,
  status,
  error,
  lacks,
  code,
}: Static<ReturnType<typeof Type.Object<typeof fields>>>): Pattern => ({
  what,
  ...defined({
    statuses: status === undefined ? undefined : [status].flat(),
    error,
    lacks,
    codes: code === undefined ? undefined : [code].flat().map(Number),
  }),
});

/** So many bounds long a server may put off what the script insists on. */
const INSISTED = 4;

/**
 * A server that closes while more of a frame that is too large comes resets the connection behind its close frame. A proxy then drops
 * what it still held, and the code with it: between a server that the kit did not start and the kit there may be one.
 */
const mayBeLostOnTheWay = (stage: Stage, { isAbused, closeCode }: Link, { what, codes }: Pattern): boolean =>
  what === 'close' &&
  codes?.includes(CLOSE.tooLarge) === true &&
  isAbused &&
  closeCode === 1006 &&
  stage.options.control === undefined;

const LOST_ON_THE_WAY =
  'the connection ended without a close frame; a proxy before the server may have lost it: test the server itself, or with --exec';

/** Who has to do something before such a packet of these messages can come. A sender alone brings about what is told of somebody away. */
const doersOf = (stage: Stage, { what, statuses = [] }: Pattern, labels: readonly string[]): ReadonlySet<string> => {
  const ofSenderAlone =
    what === 'msg:A' || (what === 'ack:N' && !statuses.includes('delivered') && statuses.length > 0);
  const messages = labels.map((label) => stage.messages.find(label)).filter((message) => message !== undefined);
  return new Set(
    messages.flatMap(({ fromUser, toUser, accepted }) => {
      if (ofSenderAlone) return [fromUser];
      // What was accepted is the server's to push, whatever became of its sender.
      return what === 'msg:N' && accepted ? [toUser] : [fromUser, toUser];
    }),
  );
};

export const gets = defineClientVerb({
  name: 'gets',
  example: 'gets: msg:A',
  fields,
  does: 'Waits for the next packet of the connection that matches and that no step has taken yet; without `within`, for answerWithinMs. A msg:N is handed to the application.',
  defines: nothingNew,
  uses: ({ of }) => labelsOf(of),
  clients: nobody,
  waitMs: ({ within }, timers) => boundWaitMs(within, timers),
  needs: nothing,
  fills: [],
  verbatim: ['lacks'],
  perform: async (stage, actor, action, place) => {
    const link = connectionOf(actor, action.connection);
    const labels = labelsOf(action.of);
    const pattern = patternOf(action);
    const otherwise = await playedThroughDialect(stage, place, pattern, labels);
    if (otherwise !== undefined) return otherwise;
    const { within = 'answerWithinMs', already = false } = action;
    // Two connections of one network: what was sent first may come last.
    const boundMs = already
      ? stage.roundTripMs
      : stage.bound(durationMs(within, stage.options.timers), 1, dueSince(stage, labels));
    const from = performance.now();
    const want = {
      pattern,
      labels,
      times: Number(action.times ?? 1),
      boundMs,
      ...(action.insists && { putOffBoundMs: INSISTED * boundMs }),
    };
    const wait = new PacketWait(stage, actor, link, want, (entry) => {
      if (entry.kind === 'packet') actor.receiver.handOver(link, entry);
    });
    const result = await waitFor(stage, wait, action.within);
    const waitedMs = performance.now() - from;
    const expected = `${actor.name} gets ${describePattern(pattern, labels)} ${already ? 'before this step' : `within ${Math.round(boundMs)} ms`}`;
    if (mayBeLostOnTheWay(stage, link, pattern)) return recordUnreached(stage, place, expected, LOST_ON_THE_WAY);
    const isExcused = result.closed !== undefined && stage.excusesEnd(link.node);
    if (!result.met && (isExcused || stage.misses(doersOf(stage, pattern, labels)))) {
      return recordUnreached(stage, place, expected, CLOSED_BY_A_FAULT);
    }
    const { refused, ...unexcused } = result;
    const awaited = action.insists === true ? unexcused : result;
    const insisted = action.insists === true && refused !== undefined ? `${refused} as long as it was asked: ` : '';
    const detail = pattern.error ?? pattern.statuses?.[0] ?? pattern.codes?.[0]?.toString();
    const [message] = result.met ? labels : result.missing;
    return recordExpectation(stage, place, {
      requirement: action.by ?? defaultRequirement(pattern.what, detail),
      expected,
      seen: result.met
        ? 'it came'
        : already
          ? 'nothing that matches until then'
          : `${insisted}${describeMissed(result, boundMs)}`,
      met: result.met,
      awaits: awaitedBy(pattern),
      waitedMs,
      ...(already && !result.wrong ? { miss: 'nothing-came', late: result.closed === undefined } : missOf(awaited)),
      ...(message ? { message } : {}),
    });
  },
});
