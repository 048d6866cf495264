import { Type } from '@sinclair/typebox';
import { controlOfNode } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';
import { needsNode, node, nodeOf } from './ending.js';

export const thaws = defineSubjectVerb({
  name: 'thaws',
  example: 'thaws: true',
  fields: { thaws: Type.Literal(true), node },
  does: 'SIGCONT to what `freezes` with `staysSo` left frozen.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: needsNode,
  fills: [],
  verbatim: [],
  perform: (stage, action) => {
    const at = nodeOf(action);
    controlOfNode(stage, at.node).unfreeze();
    if (at.node !== undefined) stage.nodeFaults.passed();
    stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT', ...at });
    return true;
  },
});
