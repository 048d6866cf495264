import { type Static, Type } from '@sinclair/typebox';
import { FAULTS, NODE_VERBS } from './faults.js';
import { closed, oneOf, subjectClass } from './report-fields.js';
import { TOKEN_KINDS } from './script-values.js';

const cause = <C extends string, V extends Parameters<typeof Type.Object>[0]>(
  codes: readonly C[],
  values: V,
  description: string,
) => Type.Object({ code: oneOf(codes), ...values }, { ...closed, description });

/** Facts that keep a scenario from being played at all. */
const NotPlayedSchema = Type.Union([
  cause(['class-not-claimed'], { class: subjectClass }, 'The subject does not claim the class.'),
  cause(
    ['not-declared'],
    { requires: Type.String({ description: 'Such as "limits.maxInFlight <= 1000".' }) },
    'The subject does not declare what the scenario requires, or something else.',
  ),
  cause(
    ['claimed-not-declared'],
    { class: subjectClass, requires: Type.String() },
    'The subject claims the class, and does not declare what belongs to it.',
  ),
  cause(
    ['inbox-too-small'],
    { messages: Type.Integer(), limit: Type.Integer() },
    'The scenario sends more messages to one user than the subject keeps.',
  ),
  cause(
    ['no-control'],
    { class: subjectClass, needs: oneOf(['process', 'memory', 'clock', 'limits'] as const) },
    'The kit did not start the subject, and may not kill it, look into it, set its clock or take resources from it.',
  ),
  cause(
    ['account-used-before'],
    { needs: oneOf(['message-ids', 'user-ids', 'device', 'devices'] as const) },
    'The accounts that the kit was given cannot play it.',
  ),
  cause(
    ['waits-too-long'],
    { neededMs: Type.Number(), maxWaitMs: Type.Number() },
    'By the timers that the subject declares it takes longer than --max-wait.',
  ),
  cause(
    ['too-few-nodes'],
    { class: subjectClass, needs: Type.Integer(), has: Type.Integer() },
    'It needs more nodes than the kit knows of.',
  ),
  cause(
    ['too-few-services'],
    { class: subjectClass, needs: Type.Integer(), has: Type.Integer() },
    'It disturbs a service that the kit did not start.',
  ),
  cause(['no-links'], { class: subjectClass }, 'It cuts links in a way in which the kit cannot cut them here.'),
  cause(
    ['no-node-command'],
    { class: subjectClass, verb: oneOf(NODE_VERBS) },
    'No command of --node-command does to a node what it needs.',
  ),
  cause(
    ['shared'],
    { counter: Type.String(), from: Type.Number(), to: Type.Number() },
    'A counter of the metrics page grew while the kit was quiet: others use this server.',
  ),
  cause(
    ['dialect-lacks'],
    { missing: Type.String({ description: 'A packet, a field, or `wire`.' }), lacks: Type.String() },
    'The foreign protocol does not have what the scenario rests on.',
  ),
  cause(['cannot'], { can: Type.String() }, 'The bot says that its client cannot do it.'),
  cause(['no-token'], { token: oneOf(TOKEN_KINDS) }, 'The kit cannot make tokens of this kind.'),
  cause(
    ['tokens-elsewhere', 'no-tls', 'no-old-tls', 'no-memory', 'no-faketime', 'no-prlimit'],
    {},
    'What is missing: a token that the kit places itself, a wss: url, TLS 1.1, a system that shows memory, the library that sets a clock, the program that limits a process.',
  ),
]);
export type NotPlayedBecause = Static<typeof NotPlayedSchema>;

/** The facts of a scenario without a verdict of its own: code decides by these, `reason` is for people. */
export const BecauseSchema = Type.Union(
  [
    ...NotPlayedSchema.anyOf,
    cause(['clock-not-followed'], {}, 'The program does not follow the clock that the kit sets.'),
    cause(['shortage-not-felt'], {}, 'The program goes on as before without what the kit took from it.'),
    cause(['fault-not-fired'], { fault: oneOf(FAULTS), step: Type.String() }, 'A fault of the script never fired.'),
    cause(
      [
        'step-not-reached',
        'closed-by-limit',
        'dedup-window-passed',
        'token-expired',
        'watched-too-short',
        'never-acked',
        'handed-over-unexplained',
        'page-not-judged',
        'not-settled',
        'service-ended',
        'bad-word',
      ],
      {},
      'What the judges left undecided.',
    ),
    cause(
      ['cannot-say'],
      { why: Type.String() },
      'From some step on, the script wants what cannot be said or heard through the dialect.',
    ),
    cause(
      ['not-judged'],
      { requirement: Type.String() },
      'A step was missed, and what it rests on cannot be judged through the dialect.',
    ),
    cause(['nothing-judged'], {}, 'All that it would have shown rests on what the foreign protocol does not have.'),
    cause(
      ['unread-frame'],
      { frame: Type.String(), nearest: Type.String() },
      'No rule of the dialect reads a frame of the server: the dialect is wrong, or lacks a rule.',
    ),
    cause(['closed-unexplained'], {}, 'The server ended a connection, and the dialect does not say why.'),
    cause(['subject-failed'], {}, 'The subject or its command did what no scenario can go on with.'),
    cause(
      ['kit-stalled'],
      { stalledMs: Type.Number(), requirements: Type.Array(Type.String()) },
      'The kit itself stood still for that long; what it saw of these requirements may come from that.',
    ),
    cause(
      ['network-stalled'],
      { stalledMs: Type.Number(), requirements: Type.Array(Type.String()) },
      'Nothing crossed the network for that long; what was seen of these requirements may come from that.',
    ),
    cause(['kit-failed'], {}, 'A fault of the kit, or of the machine that it runs on.'),
  ],
  { description: 'Why inconclusive, not-applicable, unproven or error, for programs.' },
);
/** Why a scenario has no verdict of its own, for programs; `code` tells which it is. */
export type Because = Static<typeof BecauseSchema>;
