import type { ServerStage } from '../../play/server/index.js';

/** The library did not take it, such as for a full queue, and its bot has said so: it will never come. */
export const isRefusedUnsent = (stage: ServerStage, label: string): boolean => {
  const handed = stage.handed.find((one) => one.label === label);
  return (
    handed !== undefined &&
    handed.msgId === undefined &&
    stage.words.outcomesOf(undefined, handed.body).includes('refused')
  );
};
