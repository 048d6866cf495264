/**
 * One entry of `requires`: what a scenario asks of the description of a subject.
 * `metrics`, `limits.maxInFlight`, `limits.maxInFlight <= 1000`, `limits.maxInFlight <= 1000 or none`.
 */
export interface Demand {
  /** The member of the description: `limits.maxInFlight`. */
  readonly member: string;
  readonly relation: '<=' | '>=' | undefined;
  readonly bound: number;
  /** A subject that does not declare the member meets the demand, too. */
  readonly orNone: boolean;
}

/** The schema of scenarios has checked the form. */
export const demandOf = (entry: string): Demand => {
  const [member = '', relation, bound, orNone] = entry.split(' ');
  return { member, relation: relation as Demand['relation'], bound: Number(bound), orNone: orNone !== undefined };
};

/** Whether a subject meets it that declares this value; undefined: it declares none. */
export const meetsDemand = ({ relation, bound, orNone }: Demand, declared: number | undefined): boolean => {
  if (declared === undefined) return orNone;
  if (relation === undefined) return true;
  return relation === '<=' ? declared <= bound : declared >= bound;
};
