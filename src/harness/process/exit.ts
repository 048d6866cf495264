import type { SubjectExit } from '../subject.js';

export const describeExit = ({ code, signal }: SubjectExit): string => {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
};

export const outputOf = (output: string): string => {
  return output === '' ? ' It printed nothing.' : ` Its output ended with:\n${output}`;
};
