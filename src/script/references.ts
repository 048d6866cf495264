import type { ClientAction } from '../../schemas/index.js';
import { fillStandIns } from './declared-limits.js';
import { expandLabels, RAW_LABEL } from './labels.js';
import type { Step } from './model.js';
import type { Source } from './source.js';

const SPECIAL_LABELS = [RAW_LABEL, 'unknown'];

const labelsOf = (action: ClientAction): { creates: string[]; uses: string[] } => {
  switch (action.verb) {
    case 'sends':
      return { creates: expandLabels(action.sends), uses: action.sameIdAs === undefined ? [] : [action.sameIdAs] };
    case 'resends':
      return { creates: [], uses: expandLabels(action.resends) };
    case 'releases':
      return { creates: [], uses: expandLabels(action.releases) };
    case 'opens':
      return { creates: [], uses: expandLabels(action.opens) };
    case 'acks':
      return { creates: [], uses: expandLabels(action.acks) };
    case 'drops':
      return { creates: [], uses: expandLabels(action.of) };
    case 'gets':
    case 'getsNo':
    case 'disconnects':
      return { creates: [], uses: action.of === undefined ? [] : expandLabels(action.of) };
    default:
      return { creates: [], uses: [] };
  }
};

/** A label must be sent before it is used: a typo would otherwise wait for a message that never was. */
export const checkReferences = (source: Source, steps: Step[], known = new Set(SPECIAL_LABELS)): void => {
  for (const step of steps) {
    if (step.kind === 'together') checkReferences(source, step.steps, known);
    if (step.kind !== 'client') continue;
    const { creates, uses } = labelsOf(fillStandIns(step.action));
    for (const label of creates) known.add(label);
    const missing = uses.find((label) => !known.has(label));
    if (missing !== undefined) {
      const at = ['script', Number(step.path.split('.')[0]) - 1];
      throw source.fault(
        at,
        `step ${step.path} (${step.text}) names "${missing}", which nobody sent before`,
        'Check the label.',
      );
    }
  }
};
