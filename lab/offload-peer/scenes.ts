import { type ArrivalsOptions, makeArrivalsScene } from './arrivals-scene.ts';
import { makeRatesScene, type RatesOptions } from './rates-scene.ts';
import type { Scene } from './scene.ts';

/** `rates`: flows that last and change their rates; `arrivals`: flows that come and go. */
export const SCENE_NAMES = ['rates', 'arrivals'] as const;
export type SceneName = (typeof SCENE_NAMES)[number];

/** Which scene: of a minute, or shorter, with fewer flows and entries, for a test. */
export interface SceneChoice {
  readonly name: SceneName;
  readonly quick: boolean;
}

/** 64 entries, six flows for each. */
const RATES: RatesOptions = {
  seed: 1,
  entries: 64,
  flows: 384,
  packetsPerSecond: 400,
  phases: 12,
  phaseMs: 5_000,
  probes: 4,
};

/** The same contention with fewer flows. */
const QUICK_RATES: RatesOptions = {
  ...RATES,
  entries: 16,
  flows: 96,
  packetsPerSecond: 200,
  phases: 5,
  probes: 1,
};

/** 64 entries; some 15 large flows send at a time, while a hundred small ones begin within the time-out of a flow. */
const ARRIVALS: ArrivalsOptions = {
  seed: 1,
  entries: 64,
  durationMs: 60_000,
  smallPerSecond: 15,
  largePerSecond: 2,
};

const QUICK_ARRIVALS: ArrivalsOptions = {
  ...ARRIVALS,
  entries: 16,
  durationMs: 25_000,
  smallPerSecond: 5,
  largePerSecond: 0.5,
};

const MAKERS: Readonly<Record<SceneName, (quick: boolean) => Scene>> = {
  rates: (quick) => makeRatesScene(quick ? QUICK_RATES : RATES),
  arrivals: (quick) => makeArrivalsScene(quick ? QUICK_ARRIVALS : ARRIVALS),
};

/** The same scene each time. */
export function makeScene({ name, quick }: SceneChoice): Scene {
  return MAKERS[name](quick);
}
