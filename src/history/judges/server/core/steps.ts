import type { HistoryEventOf } from '../../../../../schemas/index.js';
import { defined } from '../../../../defined.js';
import type { Facts } from '../../../facts/facts.js';
import { describeJourney, describePlace } from '../../../facts/journey.js';
import type { TrackedMessage } from '../../../facts/message.js';
import type { MessageKey } from '../../../terms/judgement.js';
import { ms, type Text, text } from '../../../terms/text.js';
import type { NewFinding } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';
import type { Closes } from './closes.js';
import { type Accusation, accusationOf } from './step-cause.js';

type Step = HistoryEventOf<'step'>;

/** Judges the expectations of the script. What was missed only because of a close is no finding beside that. */
export const judgeSteps = (context: JudgeContext, closes: Closes): Judge => ({
  onStep: (event) => {
    if (!closes.isConsequence(event)) judgeStep(context, closes, event);
  },
  onSubjectEnding: ({ event }) => {
    const missed = closes.explainedByEnd();
    if (event !== 'exited') for (const step of missed) judgeStep(context, closes, step);
  },
});

const judgeStep = (context: JudgeContext, closes: Closes, event: Step): void => {
  const { facts, findings } = context;
  const { step, requirement, expected, seen } = event;
  if (event.outcome === 'skipped') return;
  // A step that was not reached proves nothing, and names no requirement.
  if (event.outcome === 'unreached' || requirement === '') {
    const sentence = `step ${step} (${event.text}) was not reached: expected ${expected}, seen ${seen}`;
    findings.leaveOpen('step-not-reached', sentence);
    return;
  }
  if (event.outcome === 'met') {
    findings.exercise(requirement);
    return;
  }
  const about = event.message === undefined ? undefined : facts.messages.labels.get(event.message);
  const accused = accusationOf(context, event, requirement, messageOf(facts, about));
  if (accused.undecided !== undefined) {
    findings.leaveOpen('step-not-reached', `step ${step} (${event.text}) waits for ${accused.undecided}`);
    return;
  }
  const place = findings.keepPlace();
  if (event.miss === 'connection-ended' && event.closeCode === 1006) closes.noteMissedAtEnd(place);
  findings.report(findingOf(facts, event, accused, about), place);
};

const messageOf = (facts: Facts, about: MessageKey | undefined): TrackedMessage | undefined =>
  about === undefined ? undefined : facts.messages.find(facts.user(about.from), about.msgId);

const findingOf = (
  facts: Facts,
  event: Step,
  { requirement, because }: Accusation,
  about: MessageKey | undefined,
): NewFinding => ({
  requirement,
  message: `step ${event.step} was missed: ${event.text}`,
  step: event.step,
  expected: event.expected,
  seen: because === undefined ? event.seen : `${event.seen}: ${because}`,
  where: text`${placeOf(facts, event, about)}; ${watchOf(event)}`,
  ...defined({ late: event.late === true || undefined }),
  events: [facts.line],
  about,
});

/** How far the message has come, or else which connection of the client was looked at. */
const placeOf = (facts: Facts, { client, message }: Step, about: MessageKey | undefined): Text => {
  if (about !== undefined) return text`${message ?? ''}: ${describeJourney(facts, about)}`;
  if (client === undefined) return 'the server as a whole';
  const connection = [...facts.connections.values()].findLast((one) => one.client === client);
  return connection === undefined ? `${client}, which never connected` : describePlace(connection);
};

/** From when until when the script waited for what it missed. */
const watchOf = ({ at, waitedMs, late }: Step): string => {
  const from = ms(Math.max(0, at - waitedMs));
  return late === true ? `due by ${ms(at)}, watched from ${from} until then` : `watched from ${from} to ${ms(at)}`;
};
