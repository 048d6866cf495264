import { existsSync } from 'node:fs';
import type { NotPlayedBecause } from '../../../schemas/index.js';
import type { Scenario } from '../../script/index.js';
import { whyNoClock } from '../process/fake-clock.js';
import { whyNoLimits } from '../process/shortage.js';
import type { Subject } from '../subject.js';
import type { NotPlayed } from '../tested.js';
import { whyNotWithAccounts } from './accounts/index.js';
import { type IdentityOptions, usesBearerOnly, whyNoToken } from './identity/index.js';

/** What this kit can do to this subject on this machine, for those scenarios that need more than a WebSocket. */
export interface Capabilities {
  /** Why a scenario cannot be played here; nothing when it can. */
  whyNot(scenario: Scenario): NotPlayed | undefined;
}

const skipped = (because: NotPlayedBecause): NotPlayed => ({ verdict: 'not-applicable', because, unable: true });
const unproven = (because: NotPlayedBecause): NotPlayed => ({ verdict: 'unproven', because });

/** Loaded only for a server that speaks TLS. */
const canSpeakOldTls = async (): Promise<boolean> => (await import('./dialling/old-tls.js')).speaksOldTls();

/** What of a scenario can be seen or done here. What nobody could do anywhere is not looked at. */
export const capabilitiesOver = async (subject: Subject, options: IdentityOptions): Promise<Capabilities> => {
  const overTls = subject.url.startsWith('wss:');
  const oldTls = overTls && (await canSpeakOldTls());
  const bearerOnly = usesBearerOnly(options, subject.url);
  const hasSecret = options.jwtSecret !== undefined;
  // Commands of the user reach no memory, no clock and no limits of a process.
  const hasProcess = subject.control !== undefined && subject.verbs === undefined;
  return {
    whyNot: (scenario) => {
      const { needs, class: name } = scenario;
      const has = subject.nodeUrls?.length ?? 1;
      if (needs.nodes > has) return unproven({ code: 'too-few-nodes', class: name, needs: needs.nodes, has });
      const services = subject.services?.length ?? 0;
      const verb = subject.verbs && needs.verbs.find((one) => subject.verbs?.has(one) !== true);
      if (verb !== undefined) return unproven({ code: 'no-node-command', class: name, verb });
      const hasLinks = subject.links?.some((links) => links !== undefined) === true;
      if (needs.links && (!hasLinks || (needs.relays && subject.verbs !== undefined)))
        return unproven({ code: 'no-links', class: name });
      // What services survive is theirs to say: where there are none, nothing is to be shown.
      if (needs.services > services)
        return {
          verdict: 'not-applicable',
          because: { code: 'too-few-services', class: name, needs: needs.services, has: services },
        };
      const account = options.users && whyNotWithAccounts(scenario, options.users);
      if (account !== undefined) return skipped(account);
      const token = needs.tokens
        .map((kind) => whyNoToken(kind, hasSecret, bearerOnly))
        .find((why) => why !== undefined);
      if (token !== undefined) return skipped(token);
      if (needs.tls && !overTls) return unproven({ code: 'no-tls' });
      if (needs.oldTls && !oldTls) return unproven({ code: 'no-old-tls' });
      if (needs.memory && !hasProcess) return unproven({ code: 'no-control', class: name, needs: 'memory' });
      if (needs.memory && !existsSync('/proc/self/status')) return unproven({ code: 'no-memory' });
      if (needs.limits && subject.verbs !== undefined)
        return unproven({ code: 'no-control', class: name, needs: 'limits' });
      if (needs.limits && hasProcess && whyNoLimits() !== undefined) return skipped({ code: 'no-prlimit' });
      if (!needs.clock) return undefined;
      if (!hasProcess) return skipped({ code: 'no-control', class: name, needs: 'clock' });
      return whyNoClock() === undefined ? undefined : skipped({ code: 'no-faketime' });
    },
  };
};
