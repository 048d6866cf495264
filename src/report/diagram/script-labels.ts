/** The messages that a step of a script names: `of: m1`, `of: [m1, m4..m9]`. */
const NAMED = /\bof: (?:\[([^\]]*)\]|([^,}\s]+))/;
const RANGE = /^(.*?)(\d+)\.\.(.*?)(\d+)$/;

/** Whether the step is about the message: ranges are compared, never written out, for they may have a million members. */
export const namesMessage = (step: string, message: string): boolean => {
  const [, list, one] = NAMED.exec(step) ?? [];
  return (list?.split(',') ?? [one ?? '']).some((label) => covers(label.trim(), message));
};

const covers = (label: string, message: string): boolean => {
  const [, stem, first, , last] = RANGE.exec(label) ?? [];
  if (stem === undefined) return label === message;
  if (!message.startsWith(stem)) return false;
  const number = message.slice(stem.length);
  return /^\d+$/.test(number) && Number(number) >= Number(first) && Number(number) <= Number(last);
};

/** How often the step wants each of them. */
export const timesOf = (step: string): number => Number(/\btimes: (\d+)/.exec(step)?.[1] ?? 1);
