import { type RequirementId, type Role, SERVER_CLASSES } from '../../schemas/index.js';

export const LEVELS = ['MUST', 'SHOULD', 'MAY'] as const;
export type Level = (typeof LEVELS)[number];
/** Whom a sentence is addressed to. A client is a sender, a receiver, or both. */
export const PARTIES = ['server', 'client', 'sender', 'receiver'] as const;
export type Party = (typeof PARTIES)[number];
/** A class of servers, or the one class of a client role. */
export const REQUIREMENT_CLASSES = [...SERVER_CLASSES, 'sender', 'receiver'] as const;
export type RequirementClass = (typeof REQUIREMENT_CLASSES)[number];

/** One numbered sentence of the specification. */
export interface Requirement {
  /** Such as `IM-4.2-3`: section 4.2, number 3. */
  readonly id: RequirementId;
  readonly level: Level;
  readonly role: Party;
  readonly class: RequirementClass;
  readonly section: string;
  readonly sentence: string;
  /** Why no scenario of the kit can show it. */
  readonly unobserved?: string;
  /** Why the rule exists, where that is not obvious. */
  readonly reason?: string;
  /** Line in the ledger file, from 1. */
  readonly line: number;
}

export interface Ledger {
  /** In the order of the file. */
  readonly requirements: readonly Requirement[];
  readonly byId: ReadonlyMap<string, Requirement>;
}

const PARTIES_OF: Readonly<Record<Role, readonly Party[]>> = {
  server: ['server'],
  client: ['client', 'sender', 'receiver'],
};

/** Whether a subject of that role must keep it. */
export const isOfRole = ({ role: party }: Pick<Requirement, 'role'>, role: Role): boolean =>
  PARTIES_OF[role].includes(party);
