/** What a script can do wrong on purpose. */
export const FAULTS = [
  'drop',
  'delay',
  'duplicate',
  'reorder',
  'disconnect',
  'reset',
  'cut',
  'silence',
  'stall',
  'mute',
  'flood',
  'crash',
  'stop',
  'freeze',
  'cut-off',
  'slow',
  'clock',
  'shortage',
  'refuse',
  'reject',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What the commands of `--node-command` can do to a node. */
export const NODE_VERBS = ['start', 'stop', 'kill', 'freeze', 'thaw', 'cut', 'heal', 'replace'] as const;
export type NodeVerb = (typeof NODE_VERBS)[number];

/**
 * How the links of a node are cut, as the node sees it. `both`: nothing crosses. `out`: what it says is lost. `in`: what it
 * would hear is lost. `half-open`: the far ends of what is open have gone, the node is not told, and new connections work.
 * `refused`: what is open is reset, and new connections are.
 */
export const CUT_WAYS = ['both', 'out', 'in', 'half-open', 'refused'] as const;
export type CutWay = (typeof CUT_WAYS)[number];

/** What the kit can take from the process under test. */
export const RESOURCES = ['disk', 'descriptors'] as const;
export type Resource = (typeof RESOURCES)[number];
