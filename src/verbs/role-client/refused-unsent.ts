import type { ServerStage } from '../../play/server/index.js';

/**
 * A client that takes nothing while it is offline refuses at least this part of what the scenarios about that hand
 * over. One that refuses less, such as for a full queue, is judged by what it took.
 */
const TOO_MANY = 1 / 4;

/** The library did not take it, such as for a full queue, and its bot has said so: it will never come. */
export const isRefusedUnsent = (stage: ServerStage, label: string): boolean => {
  const handed = stage.handed.find(label);
  return (
    handed !== undefined &&
    handed.msgId === undefined &&
    stage.words.outcomesOf(undefined, handed.body).includes('refused')
  );
};

/** Why a step that waits for these messages shows nothing: the client took too few of them. undefined: it took enough. */
export const refusedTooMany = (
  stage: ServerStage,
  labels: readonly string[],
): { expected: string; seen: string } | undefined => {
  const refused = labels.filter((label) => isRefusedUnsent(stage, label));
  const [first] = refused;
  if (first === undefined || refused.length < labels.length * TOO_MANY) return undefined;
  if (labels.length === 1) return { expected: `the client took ${first}`, seen: `it refused ${first} by itself` };
  return {
    expected: `the client took nearly all of ${labels.length} messages`,
    seen: `it refused ${refused.length} of them at the hand-over, of which ${first} was the first`,
  };
};
