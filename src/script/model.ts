import type { ClientCell, DurationSpec, FaultCell, RequirementId, Role, SubjectClass } from '../../schemas/index.js';
import type { Needs } from './needs.js';
import type { SweepChoice } from './sweep.js';
import type { Action } from './vocabulary.js';

/** One step of a script, its ranges, rounds and cells already expanded. */
export type Step =
  | { kind: 'client'; path: string; client: string; action: Action; text: string }
  | { kind: 'subject'; path: string; action: Action; text: string }
  | { kind: 'server'; path: string; action: Action; text: string }
  | { kind: 'together'; path: string; steps: Step[]; text: string }
  | { kind: 'waits'; path: string; duration: DurationSpec; because: string; text: string };

/** A step that somebody does: a client of the kit, or the kit to the subject. */
export type ActionStep = Extract<Step, { action: Action }>;

export interface ClientSpec {
  name: string;
  /** The client whose user this one shares. */
  userOf?: string;
  /** How its user id is made of that of another client: `{user:alice}-b`. */
  user?: string;
  device: string;
  /** `present`: connected before the script. `away`: was connected once. `absent`: never connected. */
  start: 'present' | 'away' | 'absent';
  autoAcks: boolean;
  /** Its node. Undefined: clients are spread over all. */
  node?: number;
  /** Its packets travel in so many WebSocket fragments. */
  fragments?: number;
  /** How it speaks. Undefined: as the seed says. */
  voice?: 'plain' | 'compressed' | 'dripping' | 'all-lengths' | 'odd-rids';
}

/** One cell of a scenario file: everything that is needed to run it. What follows from its steps is found out when it is asked for. */
export interface Scenario {
  /** Path without ending, then `#cell` when there is a matrix: `server/core/plain-exchange`. */
  id: string;
  title: string;
  /** The role of its subject: the folder that it lies in. */
  role: Role;
  class: SubjectClass;
  proves: RequirementId[];
  seenIn: string[];
  about?: string;
  file: string;
  /** Members of the description without which the scenario does not apply. */
  requires: string[];
  /** Further classes that the subject must claim. */
  alsoNeeds: SubjectClass[];
  /** The cells of the fault matrix that it plays. */
  cells: FaultCell[];
  /** The same of the fault matrix of clients. */
  clientCells: ClientCell[];
  clients: ClientSpec[];
  bystanders: boolean;
  settle: { resends: boolean; reconnects: boolean };
  readonly steps: Step[];
  /** The same script with other points of its sweeps. */
  stepsFor: (choice: SweepChoice) => Step[];
  /** It has a sweep, so `stepsFor` can give other steps. */
  sweeps: boolean;
  /** Must have the subject to itself. */
  readonly exclusive: boolean;
  /** What the kit must be able to do. */
  readonly needs: Needs;
}
