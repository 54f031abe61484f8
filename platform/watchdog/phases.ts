/** What the event loop can be busy with, in the words of the log. */
export const PHASES = [
  'starting',
  'waiting',
  'reading flows and counters',
  'removing entries',
  'evaluating policies',
  'planning',
  'applying a plan',
  'publishing a tick',
  'updating ports',
  'reloading policies',
  'answering an HTTP request',
  'answering a command',
  'stopping',
] as const;
export type Phase = (typeof PHASES)[number];

/** Marks the start of a phase. Phases that wait overlap: the watchdog reports the last one that started. */
export type MarkPhase = (phase: Phase) => void;

/** For callers without a watchdog. */
export const markNothing: MarkPhase = () => {};
