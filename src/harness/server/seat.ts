import type { Profile } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { type Control, type Network, Stage } from '../../play/index.js';
import type { Scenario } from '../../script/index.js';
import { play } from '../../verbs/index.js';
import type { RunOptions } from '../options.js';
import type { SubjectExit } from '../subject.js';
import type { Performance, PlayOptions, Seat } from '../tested.js';
import { AccountPool, type Lease } from './accounts/index.js';
import type { ServerInstance } from './instance.js';
import { probesOf } from './probes.js';
import type { ServerSubject } from './server-subject.js';

type Known = Pick<ServerSubject, 'description' | 'timers' | 'served' | 'classes'> & { network?: Network };

/** The accounts of `--users` on one server: each server has its own state of them. */
export const accountsOf = (
  options: RunOptions,
  { timers, classes, network }: Pick<Known, 'timers' | 'classes' | 'network'>,
  instance: ServerInstance,
): AccountPool | undefined => {
  if (options.users === undefined) return undefined;
  const answerMs = timers.answerWithinMs + options.patienceMs + (network?.roundTripMs ?? 0);
  instance.accounts ??= new AccountPool(options.users, {
    dial: instance.dial,
    devicesApart: classes.includes('multi-device'),
    quietMs: answerMs,
    connectMs: answerMs,
  });
  return instance.accounts;
};

const exitEvent = ({ code, signal, service }: SubjectExit) => ({
  kind: 'subject' as const,
  event: 'exited' as const,
  ...defined({ code: code ?? undefined, signal: signal ?? undefined, service }),
});

/** What a scenario is played with. */
export interface Parts extends Omit<Known, 'classes'> {
  dial: ServerInstance['dial'];
  attacker: ServerInstance['attacker'];
  probes: ReturnType<typeof probesOf>;
  control?: Control | undefined;
  lease?: Lease | undefined;
  /** How many there are, where the kit knows of several. */
  nodes?: number | undefined;
  dialect?: { profile: Profile; keepsForeign: boolean } | undefined;
}

/** One playing of a scenario against a server: the kit plays its clients. */
export const performOn = (
  scenario: Scenario,
  { description, timers, served, network, dial, attacker, probes, control, lease, dialect, nodes }: Parts,
  options: PlayOptions,
): Performance => {
  const known = { description, timers, dial, attacker, probes };
  const { identity } = lease ?? {};
  const earlier = lease && { wasSent: lease.wasSentEarlier, noteSent: lease.noteSent };
  const stage = new Stage({
    ...options,
    ...known,
    ...defined({ control, identity, earlier, served, network, dialect, nodes }),
  });
  return {
    noteExit: (exit) => {
      if (exit.service === undefined) stage.subjectUp = false;
      stage.record(exitEvent(exit));
    },
    play: () => play(stage, scenario),
    now: () => stage.now(),
    get waitedMs() {
      return stage.waitedMs;
    },
  };
};

/** Makes the server ready for a scenario, and lends it accounts where users cannot be made up. */
export const takeSeat = async (
  options: RunOptions,
  known: Known,
  instance: ServerInstance,
  scenario: Scenario,
): Promise<Seat> => {
  await instance.revive();
  await instance.underClock(scenario.needs.clock);
  const control = instance.controlFor(scenario.exclusive);
  const lease = await accountsOf(options, known, instance)?.lease(scenario);
  const leave = async (settled: boolean): Promise<void> => {
    if (lease === undefined) return;
    try {
      await instance.revive();
      await lease.release(settled);
    } catch (cause) {
      lease.abandon();
      throw cause;
    }
  };
  try {
    // Its turn may have come much later.
    if (lease) await instance.revive();
  } catch (cause) {
    lease?.abandon();
    throw cause;
  }
  const { subject, dial, attacker } = instance;
  const probes = probesOf(subject, known, options, scenario);
  const dialect = options.dialect && { profile: options.dialect.profile, keepsForeign: options.frames === true };
  const parts: Parts = { ...known, dial, attacker, probes, control, lease, dialect, nodes: subject.nodeUrls?.length };
  return {
    perform: (play) => performOn(scenario, parts, play),
    onExit: (listener) => subject.control?.onExit(listener) ?? (() => undefined),
    leave,
  };
};
