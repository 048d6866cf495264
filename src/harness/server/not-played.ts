import type { NotPlayedBecause } from '../../../schemas/index.js';
import { demandOf } from '../../script/index.js';
import { WHY_NO_CLOCK } from '../process/fake-clock.js';
import { WHY_NO_LIMITS } from '../process/shortage.js';

const NOT_OURS = 'a server that the kit did not start: use --exec';

const WITHOUT_CONTROL = {
  process: (name: string) => `nobody may kill or freeze ${NOT_OURS}, or leave ${name} out with --class`,
  memory: () => `nobody can see the memory of ${NOT_OURS}`,
  clock: () => `nobody can set the clock of ${NOT_OURS}`,
  limits: () => `nobody can take resources from ${NOT_OURS}`,
} as const;

const WITH_ACCOUNTS = {
  'message-ids': 'it chooses message ids itself, which an account of --users may have used before',
  'user-ids': 'it makes user ids up, and those of --users are given',
  device: 'it needs a device that never connected, and those of --users may have',
  devices: 'it needs many devices of one user, and --users gives tokens for few',
} as const;

/** The facts as one sentence, for the report. */
export const notPlayedText = (because: NotPlayedBecause): string => {
  switch (because.code) {
    case 'class-not-claimed':
      return `the subject does not claim ${because.class}`;
    case 'claimed-not-declared':
      return `the subject claims ${because.class} and does not declare ${because.requires}: give it with --describe, or leave ${because.class} out with --class`;
    case 'not-declared':
      return demandOf(because.requires).orNone
        ? `the subject declares other than ${because.requires}`
        : `the subject does not declare ${because.requires}`;
    case 'inbox-too-small':
      return `it sends ${because.messages} messages to one user, and the subject declares limits.maxInboxMessages ${because.limit}`;
    case 'no-control':
      return WITHOUT_CONTROL[because.needs](because.class);
    case 'account-used-before':
      return WITH_ACCOUNTS[because.needs];
    case 'no-token':
      return `the kit cannot make ${because.token === 'expired' ? 'an' : 'a'} ${because.token} token without the key of the server: use --jwt-secret`;
    case 'tokens-elsewhere':
      return 'the tokens travel in a header or url of your own, so the kit cannot exchange them';
    case 'no-tls':
      return 'the server was named by a ws: url: give its wss: url';
    case 'no-old-tls':
      return 'the OpenSSL of this machine cannot speak TLS 1.1 at all';
    case 'no-memory':
      return 'this system does not show the memory of a process; Linux does';
    case 'no-faketime':
      return WHY_NO_CLOCK;
    case 'no-prlimit':
      return WHY_NO_LIMITS;
    case 'shared':
      return `others use this server: ${because.counter} grew from ${because.from} to ${because.to} while the kit was quiet; test an instance of its own`;
    case 'too-few-nodes':
      return `it needs ${because.needs} nodes, and the kit knows of ${because.has}: start them with --nodes and --exec, or let the description list them, or leave ${because.class} out with --class`;
    case 'too-few-services':
      return because.has === 0
        ? 'the kit started no service that it could kill or freeze: use --service'
        : `it needs ${because.needs} services, and the kit started ${because.has}`;
    case 'no-links':
      return `the kit cannot cut a node off in this way: write {link:NAME} instead of {port:NAME} in --exec, or leave ${because.class} out with --class`;
    case 'no-node-command':
      return `nothing can ${because.verb} a node: give --node-command ${because.verb}='…', or leave ${because.class} out with --class`;
    case 'waits-too-long':
      return `it takes ${because.neededMs} ms by the declared timers, and --max-wait is ${because.maxWaitMs}`;
    case 'dialect-lacks':
      return `not through this dialect: ${because.lacks}`;
    case 'cannot':
      return `the subject says that it cannot ${because.can}`;
  }
};
