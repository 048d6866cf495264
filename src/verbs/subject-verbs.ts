import { byName } from './define.js';
import { crashes } from './subject/crashes.js';
import { cuts } from './subject/cuts.js';
import { delays } from './subject/delays.js';
import { freezes } from './subject/freezes.js';
import { getsBack } from './subject/gets-back.js';
import { heals } from './subject/heals.js';
import { jumps } from './subject/jumps.js';
import { marksMemory } from './subject/marks-memory.js';
import { memoryStays } from './subject/memory-stays.js';
import { restarts } from './subject/restarts.js';
import { runsOutOf } from './subject/runs-out-of.js';
import { scrapes } from './subject/scrapes.js';
import { stops } from './subject/stops.js';
import { thaws } from './subject/thaws.js';

/** What can be done to the process under test. A scenario that uses one has the subject to itself. */
export const SUBJECT_VERBS = byName([
  crashes,
  stops,
  restarts,
  freezes,
  thaws,
  cuts,
  delays,
  heals,
  scrapes,
  marksMemory,
  memoryStays,
  jumps,
  runsOutOf,
  getsBack,
]);
