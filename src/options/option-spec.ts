import type { Role } from '../../schemas/index.js';

/** The headings of the help, in its order. */
export const OPTION_GROUPS = {
  subject: 'Subject',
  selection: 'What is tested',
  access: 'Access to the server',
  certainty: 'How certain',
  pace: 'Pace and bounds',
  verdict: 'Verdict',
  output: 'What is told',
} as const;
export type OptionGroup = keyof typeof OPTION_GROUPS;

/** What is told of an option: to whoever reads it, and in the help. */
export interface OptionSpec {
  /** Without its dashes: so it is the key in the config file. */
  name: string;
  /** Under which heading the help shows it. */
  group: OptionGroup;
  /** What the help shows for the value; none for a switch. */
  value?: string;
  kind: 'text' | 'list' | 'switch' | 'integer' | 'headers' | 'description';
  /** One letter for the same. */
  short?: string;
  /** For `integer`: what the option means without a value; absent where it needs one. */
  alone?: number;
  /** For `integer`. */
  range?: readonly [number, number];
  help: string;
  /** The role of subject that it is for; absent: for all. */
  role?: Role;
}

/** An option as the help shows it: `-v, --verbose`, `--only <glob>`. */
export const termOf = ({ name, value, short, alone }: OptionSpec): string => {
  const place = value === undefined ? '' : alone === undefined ? ` <${value}>` : ` [${value}]`;
  return `${short === undefined ? '' : `-${short}, `}--${name}${place}`;
};
