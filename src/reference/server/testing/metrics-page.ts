/** The number of one sample of an OpenMetrics page, by its name with its labels. Undefined: there is none. */
export const sample = (page: string, name: string): number | undefined => {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
};
