import { Type } from '@sinclair/typebox';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordUnreached, type StepPlace } from '../../play/step-outcome.js';
import { defineClientVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

/** The order in which a node names the others says nothing. */
const asSet = (urls: readonly string[] | string | undefined): string => [...new Set([urls ?? []].flat())].sort().join();

const fetchesNodes = async (stage: Stage, place: StepPlace): Promise<boolean> => {
  const listed = await stage.options.probes?.listed();
  const [first] = listed ?? [];
  if (listed === undefined || first === undefined)
    return recordUnreached(stage, place, 'the description of node 1 lists nodes', 'it does not');
  const unread = listed.indexOf('unread');
  if (first === 'unread' || unread >= 0) {
    return recordUnreached(
      stage,
      place,
      'each node serves its description',
      `that of node ${unread + 1} could not be read`,
    );
  }
  const other = listed.findIndex((urls) => asSet(urls) !== asSet(first));
  const odd = listed[other];
  const seen =
    other < 0 ? 'they do' : `node ${other + 1} lists ${odd === undefined ? 'none' : [odd].flat().join(', ')}`;
  return recordExpectation(stage, place, {
    requirement: 'IM-4.2-74',
    expected: `all nodes list ${first.join(', ')}`,
    seen,
    met: other < 0,
    miss: 'observed',
    waitedMs: 0,
  });
};

export const fetches = defineClientVerb({
  name: 'fetches',
  example: 'fetches: description',
  fields: { fetches: Type.Union([Type.Literal('description'), Type.Literal('nodes')]) },
  does: 'Reads the description at /.well-known/im-ran: one that is served must be valid against its schema (IM-1-19). `nodes`: those of all nodes must list the same ones (IM-4.2-74).',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: ({ fetches: what }) => (what === 'nodes' ? { nodes: 2 } : {}),
  fills: [],
  verbatim: [],
  perform: async (stage, _actor, action, place) => {
    if (action.fetches === 'nodes') return fetchesNodes(stage, place);
    const { served } = stage.options;
    if (!served) return true;
    return recordExpectation(stage, place, {
      requirement: 'IM-1-19',
      expected: 'the served description is valid against its schema',
      seen: served.faults[0] ?? 'it is valid',
      met: served.faults.length === 0,
      miss: 'observed',
      waitedMs: 0,
    });
  },
});
