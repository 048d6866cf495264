import { existsSync } from 'node:fs';
import type { Scenario } from '../script/index.js';
import { whyNotWithAccounts } from './accounts/index.js';
import { whyNoClock } from './fake-clock.js';
import { type IdentityOptions, usesBearerOnly, whyNoToken } from './identity/index.js';
import { speaksOldTls } from './old-tls.js';
import type { Subject } from './subject.js';

/** Why a scenario is not played. `unable`: the kit cannot, though the subject might pass. */
export interface NotPlayed {
  verdict: 'not-applicable' | 'unproven';
  reason: string;
  unable?: true;
}

/** What this kit can do to this subject on this machine, for those scenarios that need more than a WebSocket. */
export interface Powers {
  /** Why a scenario cannot be played here; nothing when it can. */
  whyNot(scenario: Scenario): NotPlayed | undefined;
}

const skipped = (reason: string) => ({ verdict: 'not-applicable' as const, reason, unable: true as const });
const unproven = (reason: string) => ({ verdict: 'unproven' as const, reason });

/** What of a scenario can be seen or done here. What nobody could do anywhere is not looked at. */
export const powersOver = async (subject: Subject, options: IdentityOptions): Promise<Powers> => {
  const overTls = subject.url.startsWith('wss:');
  const oldTls = overTls && (await speaksOldTls());
  const bearerOnly = usesBearerOnly(options, subject.url);
  const hasSecret = options.jwtSecret !== undefined;
  return {
    whyNot: (scenario) => {
      const { needs } = scenario;
      const account = options.users && whyNotWithAccounts(scenario, options.users);
      if (account !== undefined) return skipped(account);
      const token = needs.tokens
        .map((kind) => whyNoToken(kind, hasSecret, bearerOnly))
        .find((why) => why !== undefined);
      if (token !== undefined) return skipped(token);
      if (needs.tls && !overTls) return unproven('the server was named by a ws: url: give its wss: url');
      if (needs.oldTls && !oldTls) return unproven('the OpenSSL of this machine cannot speak TLS 1.1 at all');
      if (needs.memory && !subject.control) {
        return unproven('nobody can see the memory of a server that the kit did not start: use --exec');
      }
      if (needs.memory && !existsSync('/proc/self/status')) {
        return unproven('this system does not show the memory of a process; Linux does');
      }
      if (!needs.clock) return undefined;
      const clock = subject.control
        ? whyNoClock()
        : 'nobody can set the clock of a server that the kit did not start: use --exec';
      return clock === undefined ? undefined : skipped(clock);
    },
  };
};
