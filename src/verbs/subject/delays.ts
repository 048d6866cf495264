import { millis } from '../../../schemas/script-values.js';
import { recordFault } from '../../play/step-outcome.js';
import { controlOfNode } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';
import { needsLinks, nodeOf, someNode } from './ending.js';

export const delays = defineSubjectVerb({
  name: 'delays',
  example: 'delays: 200, node: 2',
  fields: { delays: millis, node: someNode },
  does: 'Whatever a node says to the other nodes and to the services, and hears from them, takes so many milliseconds more, until `heals`.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: needsLinks(false),
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    const { node = 0 } = nodeOf(action);
    const { links } = controlOfNode(stage, node);
    if (links === undefined) {
      recordFault(stage, place, 'slow', false, { node });
      return true;
    }
    stage.linkFaults.begin(node, links, place.path);
    stage.nodeFaults.passed();
    stage.record({ kind: 'subject', event: 'slowed', node });
    await links.delay(Number(action.delays));
    return true;
  },
});
