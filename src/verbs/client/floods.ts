import { type Static, Type } from '@sinclair/typebox';
import { WIRE } from '../../../schemas/index.js';
import { count } from '../../../schemas/script-values.js';
import { KitError } from '../../errors.js';
import type { Actor } from '../../play/clients/actor.js';
import type { Link } from '../../play/clients/link.js';
import { requireOpen } from '../../play/clients/open-link.js';
import type { Attacker, Socket, SocketHandlers } from '../../play/ports.js';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordFault, type StepPlace } from '../../play/step-outcome.js';
import { defineClientVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

/** The bystanders must get so many messages through while the abuse goes on. */
const EXCHANGES = 3;
/** What is written comes in so many waves, with a pause between: a flood of one instant would be over too soon. */
const WAVES = 20;
const WAVES_PER_ANSWER_TIME = 100;
/** Upgrades that are under way at once. */
const AT_ONCE = 50;
/** Beside those of the flood the kit needs connections for everybody else. */
const ROOM = 100;

/** Abuse that is under way. `end` closes what it left open. */
interface Abuse {
  /** What came of it, for the report. */
  seen: string;
  /** Something hostile reached the server. */
  fired: boolean;
  end(): void;
}

/** What a client on an open connection floods with, one piece at a time. */
const PIECES: Record<'pings' | 'fragments' | 'requests', (socket: Socket, index: number) => void> = {
  pings: (socket) => socket.ping(),
  fragments: (socket, index) => socket.sendFragment(index === 0 ? '{' : ' ', false),
  requests: (socket, index) =>
    socket.sendText(`{"type":"ack:R","rid":"flood-${index}","serverMsgId":"no-such-message"}`),
};

const write = async (stage: Stage, link: Link, what: keyof typeof PIECES, times: number): Promise<Abuse> => {
  link.ignoresPongs = true;
  const wave = Math.ceil(times / WAVES);
  let written = 0;
  while (written < times && link.state === 'open') {
    const size = Math.min(wave, times - written);
    const from = written;
    link.sendMany(size, what, (socket, index) => PIECES[what](socket, from + index));
    written += size;
    await stage.waits.pause(stage.options.timers.answerWithinMs / WAVES_PER_ANSWER_TIME);
  }
  return {
    seen: `${written} ${what} written, ${link.state === 'open' ? 'none refused' : `then closed with ${link.closeCode}`}`,
    fired: written > 0,
    end: () => link.end('abruptly'),
  };
};

/** A connection that nobody uses: it only is there. */
const idle = (open: Set<Socket>): SocketHandlers => {
  let own: Socket | undefined;
  return {
    onOpen: (socket) => {
      own = socket;
      open.add(socket);
    },
    onText: () => {},
    onBinary: () => {},
    onPing: (data) => own?.pong(data),
    onPong: () => {},
    onClose: () => {
      if (own) open.delete(own);
    },
  };
};

const connect = async (stage: Stage, actor: Actor, times: number, sameDevice: boolean): Promise<Abuse> => {
  const open = new Set<Socket>();
  const refusals = new Map<string, number>();
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < times) {
      stage.waits.throwIfInterrupted();
      begun += 1;
      const device = sameDevice ? 'flood' : `flood-${begun}`;
      const request = { user: actor.user, device, subprotocol: WIRE.subprotocol, timeoutMs: stage.connectBoundMs };
      const outcome = await stage.dial(request, idle(open));
      if (outcome.ok) continue;
      const why = outcome.status === undefined ? 'without an answer' : `with HTTP ${outcome.status}`;
      refusals.set(why, (refusals.get(why) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const refused = [...refusals].map(([why, count]) => `, ${count} refused ${why}`).join('');
  return {
    seen: `${begun} connections tried, ${open.size} open at the end${refused}`,
    fired: begun === times,
    end: () => {
      for (const socket of open) socket.terminate();
    },
  };
};

const stall = async (attacker: Attacker, times: number): Promise<Abuse> => {
  const stalled = await attacker.stallHandshakes(times);
  return {
    seen: `${stalled.opened} of ${times} handshakes begun and not ended`,
    fired: stalled.opened > 0,
    end: () => stalled.end(),
  };
};

const fields = {
  floods: Type.Union(
    (['connections', 'handshakes', 'pings', 'fragments', 'requests'] as const).map((what) => Type.Literal(what)),
  ),
  times: count,
  sameDevice: Type.Optional(
    Type.Literal(true, { description: 'Connections of one device: each replaces the one before.' }),
  ),
};
type Floods = Static<ReturnType<typeof Type.Object<typeof fields>>>;

const begin = async (stage: Stage, actor: Actor, action: Floods, link: Link | undefined): Promise<Abuse> => {
  const { attacker } = stage.options;
  const { floods: what } = action;
  const times = Number(action.times);
  if (!attacker) throw new KitError('kit', 'this run has nobody who could flood', 'Please report this.');
  if (what === 'connections' || what === 'handshakes') attacker.assertRoom(times + ROOM);
  if (what === 'connections') return connect(stage, actor, times, action.sameDevice ?? false);
  if (what === 'handshakes') return stall(attacker, times);
  return write(stage, link as Link, what, times);
};

export const floods = defineClientVerb({
  name: 'floods',
  example: 'floods: connections \\| handshakes \\| pings \\| fragments \\| requests',
  fields,
  does: 'Abuses the server, in waves, while the bystanders exchange at least three messages in time (IM-1-25); then its connections end. Needs `bystanders: true`.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: (action) => ({ bystanders: true, freshDevices: action.floods === 'connections' }),
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place: StepPlace) => {
    const onConnection = action.floods !== 'connections' && action.floods !== 'handshakes';
    const link = actor.linkOf(undefined);
    if (onConnection && !requireOpen(stage, actor, link, place)) return false;
    const { bystanders, waits } = stage;
    bystanders.abused = true;
    const from = performance.now();
    const before = bystanders.exchanges;
    const abuse = await begin(stage, actor, action, link);
    try {
      const boundMs = stage.bound(3 * EXCHANGES * stage.options.timers.answerWithinMs, 3 * EXCHANGES);
      await waits.until(() => bystanders.broken || bystanders.exchanges >= before + EXCHANGES, boundMs);
    } finally {
      abuse.end();
    }
    const exchanged = bystanders.exchanges - before;
    recordFault(stage, place, 'flood', abuse.fired, {
      detail: action.floods === 'pings' ? 'control frames' : action.floods,
      client: actor.name,
    });
    return recordExpectation(stage, place, {
      requirement: 'IM-1-25',
      expected: `two other users exchange ${EXCHANGES} messages while ${actor.name} floods the server with ${action.floods}`,
      seen: `they exchanged ${exchanged}; ${abuse.seen}`,
      met: exchanged >= EXCHANGES,
      miss: 'observed',
      waitedMs: performance.now() - from,
      late: true,
    });
  },
});
