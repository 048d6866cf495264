import type { Profile } from '../../schemas/index.js';
import type { Scenario } from '../script/index.js';
import { whyNotThrough } from './server/dialect.js';
import { notPlayedText } from './server/not-played.js';

export { type Conversation, converse, type Tried } from './server/try-dialect.js';

/** Why a scenario is not played through a dialect with that profile: one sentence. Undefined: it is. */
export const whyNotThroughText = (scenario: Scenario, profile: Profile): string | undefined => {
  const not = whyNotThrough(scenario, profile);
  return not && notPlayedText(not.because);
};
