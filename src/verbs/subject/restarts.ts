import { Type } from '@sinclair/typebox';
import { restart } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew } from '../define.js';
import { needsNode, node, service, targetOf } from './ending.js';

/** A guess; what matters is only that a scenario with many restarts is known to be long. */
const RESTART_MS = 200;

export const restarts = defineSubjectVerb({
  name: 'restarts',
  example: 'restarts: true',
  fields: {
    restarts: Type.Union([Type.Literal(true), Type.Literal('if-ended')], {
      description: '`if-ended`: only if it has ended by itself.',
    }),
    node,
    service,
    empty: Type.Optional(
      Type.Literal(true, { description: 'Of a node: with an empty disk, as one that replaces it.' }),
    ),
  },
  does: 'Starts the process again on the same port and data.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: () => RESTART_MS,
  needs: (action) => needsNode(action.empty === true ? 'replace' : 'start')(action),
  fills: [],
  verbatim: [],
  perform: async (stage, action) => {
    if (action.restarts === true || !stage.subjectUp) await restart(stage, targetOf(action), action.empty === true);
    return true;
  },
});
