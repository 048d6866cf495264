import { Type } from '@sinclair/typebox';
import { heal } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';
import { needsLinks, nodeOf, someNode } from './ending.js';

export const heals = defineSubjectVerb({
  name: 'heals',
  example: 'heals: true, node: 2',
  fields: { heals: Type.Literal(true), node: someNode },
  does: 'The links of a node are whole and fast again. Connections of which bytes were lost are reset. A cut has fired if the links carried something before it and kept something, and if the node showed it (busy, a close, a refusal, an answer that came late or not) where it lasted for `failoverMs`.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: needsLinks(true),
  fills: [],
  verbatim: [],
  perform: async (stage, action) => {
    await heal(stage, nodeOf(action).node ?? 0);
    return true;
  },
});
