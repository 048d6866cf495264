import type { HistoryEventOf } from '../../../schemas/index.js';
import type { Facts } from './facts.js';
import { excuseAll, excuseForNow } from './links.js';

/** What happened to the process under test. */
export const noteSubject = (facts: Facts, event: HistoryEventOf<'subject'>): void => {
  if (event.node !== undefined || event.service !== undefined) {
    noteNode(facts, event);
    return;
  }
  const { line, at, openings } = facts;
  switch (event.event) {
    case 'started':
      facts.stopping = false;
      facts.killing = false;
      facts.down = false;
      if (facts.ends.length > 0) forgetUnpromised(facts);
      return;
    case 'killing':
      excuseAll(facts);
      facts.killing = true;
      return;
    case 'frozen':
      facts.freezes.push({ from: at, to: Number.POSITIVE_INFINITY });
      return;
    case 'continued': {
      const freeze = facts.freezes.at(-1);
      if (freeze !== undefined) freeze.to = at;
      return;
    }
    case 'clock':
      facts.faults.clockSetAt = at;
      return;
    case 'short':
      excuseAll(facts);
      facts.short = true;
      return;
    case 'supplied':
      excuseAll(facts);
      facts.short = false;
      return;
    case 'stopping':
      excuseAll(facts);
      facts.stopping = true;
      return;
    case 'starting':
    case 'cut':
    case 'slowed':
    case 'healed':
      return;
    default:
      facts.ends.push({ kind: event.event, line, at, openings, after: line });
      facts.down = true;
      facts.tell.onSubjectEnding(event);
      // Packets that were under way may still arrive, until the connections are seen to close.
      excuseAll(facts);
      if (!facts.policies.survivesRestart) facts.forgetful = true;
      facts.tell.onSubjectEnded(event);
  }
};

/** What happened to one node of several, or to a service: the others go on, and the server as a whole has not ended. */
const noteNode = (facts: Facts, { event, node, service, way }: HistoryEventOf<'subject'>): void => {
  const { at, line, nodeFaults } = facts;
  switch (event) {
    case 'killing':
    case 'stopping':
    case 'frozen':
    case 'cut':
    case 'slowed':
      for (const connection of facts.connections.values()) {
        // Over slow links, or new ones, a node can do all that it must.
        const isAble = event === 'slowed' || way === 'half-open';
        if (service !== undefined || (connection.node === node && !isAble)) excuseForNow(facts, connection);
      }
      nodeFaults.began({ node, service, kind: event, way, at, line });
      return;
    case 'continued':
    case 'healed':
    case 'starting':
    case 'started':
      for (const fault of nodeFaults.repaired({ node, service }, event, { at, line })) facts.tell.onRepaired(fault);
      return;
    case 'exited':
      // A service that ended by itself: nothing that comes of it is a fault of the server.
      excuseAll(facts);
      facts.serviceEnd ??= { service, at, line };
      return;
    case 'killed':
      forgetUnpromised(facts);
      return;
    default:
  }
};

/** A push alone promises nothing: a server that was killed may know nothing of that message. */
const forgetUnpromised = (facts: Facts): void => {
  for (const message of facts.messages.unfolded()) {
    if (message.promisedLine >= 0 || message.ackedBy.length > 0 || message.receipts.length > 0) continue;
    message.evidenceLine = Number.POSITIVE_INFINITY;
    message.stored = -1;
    message.serverMsgId = undefined;
    message.hasServerMsgId = false;
    message.acceptedAt = undefined;
    facts.tell.onForgotten(message);
  }
};
