import { type RequirementId, type Role, SERVER_CLASSES } from '../../schemas/index.js';

export const LEVELS = ['MUST', 'SHOULD', 'MAY'] as const;
/** How binding a requirement is, by the keyword of its sentence. */
export type Level = (typeof LEVELS)[number];
/** Whom a sentence is addressed to. A client is a sender, a receiver, or both. */
export const PARTIES = ['server', 'client', 'sender', 'receiver'] as const;
/** Whom a requirement is addressed to. */
export type Party = (typeof PARTIES)[number];
/** A class of servers, or the one class of a client role. */
export const REQUIREMENT_CLASSES = [...SERVER_CLASSES, 'sender', 'receiver'] as const;
/** The class that a requirement belongs to. */
export type RequirementClass = (typeof REQUIREMENT_CLASSES)[number];

/** One numbered sentence of the specification. */
export interface Requirement {
  /** Such as `IM-4.2-3`: section 4.2, number 3. */
  readonly id: RequirementId;
  /** How binding it is. */
  readonly level: Level;
  /** Whom it is addressed to. */
  readonly role: Party;
  /** Only who claims this class must keep it; `core` is for all. */
  readonly class: RequirementClass;
  /** Section of the specification: `4.2`. */
  readonly section: string;
  /** The sentence of the specification, word for word. */
  readonly sentence: string;
  /** Why no scenario of the kit can show it. */
  readonly unobserved?: string;
  /** Why the rule exists, where that is not obvious. */
  readonly reason?: string;
  /** Line in the ledger file, from 1. */
  readonly line: number;
}

/** All requirements of the specification. */
export interface Ledger {
  /** In the order of the file. */
  readonly requirements: readonly Requirement[];
  /** The same by their ids. */
  readonly byId: ReadonlyMap<string, Requirement>;
}

const PARTIES_OF: Readonly<Record<Role, readonly Party[]>> = {
  server: ['server'],
  client: ['client', 'sender', 'receiver'],
};

/** Whether a subject of that role must keep it. */
export const isOfRole = ({ role: party }: Pick<Requirement, 'role'>, role: Role): boolean =>
  PARTIES_OF[role].includes(party);
