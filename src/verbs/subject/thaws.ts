import { Type } from '@sinclair/typebox';
import { thaw } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';
import { needsNode, node, service, targetOf } from './ending.js';

export const thaws = defineSubjectVerb({
  name: 'thaws',
  example: 'thaws: true',
  fields: { thaws: Type.Literal(true), node, service },
  does: 'SIGCONT to what `freezes` with `staysSo` left frozen.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: needsNode('thaw'),
  fills: [],
  verbatim: [],
  perform: async (stage, action) => {
    await thaw(stage, targetOf(action));
    return true;
  },
});
