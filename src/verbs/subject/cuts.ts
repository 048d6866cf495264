import { Type } from '@sinclair/typebox';
import { CUT_WAYS, type CutWay } from '../../../schemas/index.js';
import { placeholder } from '../../../schemas/script-values.js';
import { recordFault } from '../../play/step-outcome.js';
import { controlOfNode, noteSlowFault } from '../../play/subject-control.js';
import { defineSubjectVerb, nothingNew, noWait } from '../define.js';
import { aimedClients, aimedLabels, awaitTrigger, before, isInTime, when } from './aim.js';
import { needsLinks, nodeOf, someNode } from './ending.js';

export const cuts = defineSubjectVerb({
  name: 'cuts',
  example: 'cuts: both, node: 2',
  fields: {
    cuts: Type.Union([...CUT_WAYS.map((way) => Type.Literal(way)), placeholder], {
      description:
        '`both`: nothing crosses. `out`: what the node says is lost. `in`: what it would hear is lost. `half-open`: the far ends of what is open have gone, and nobody tells the node; new connections work. `refused`: all is reset.',
    }),
    node: someNode,
    when,
    before,
  },
  does: 'Cuts a node off from the other nodes and from the services, until `heals`: all `{link:…}` of its command, and those that lead to it. Its clients stay connected. Whether the cut fired shows when it is healed.',
  defines: nothingNew,
  uses: aimedLabels,
  clients: aimedClients,
  waitMs: noWait,
  needs: (action) => needsLinks(action.cuts === 'both')(action),
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    if (!(await awaitTrigger(stage, action.when, place))) return false;
    const inTime = isInTime(stage, action);
    const { node = 0 } = nodeOf(action);
    const way = action.cuts as CutWay;
    const { links } = controlOfNode(stage, node);
    if (!inTime || links === undefined) {
      recordFault(stage, place, 'cut-off', false, { node });
      return true;
    }
    stage.linkFaults.begin(node, links, place.path, way);
    stage.nodeFaults.passed();
    const cut = { kind: 'subject', event: 'cut', node, way } as const;
    stage.record(cut);
    await stage.mustWait(links.cut(way));
    noteSlowFault(stage, { node }, cut);
    return true;
  },
});
