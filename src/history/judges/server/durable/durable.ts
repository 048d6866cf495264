import type { JudgedClass } from '../../judge.js';

/** Class `durable`: what core judges holds across the end of the process, too. */
export const durable: JudgedClass = { policies: () => ({ survivesRestart: true }) };
