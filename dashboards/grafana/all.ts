import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { daemonDashboard } from './daemon.ts';
import { nodeDashboard } from './node.ts';
import { policyDashboard } from './policy.ts';
import { slicesDashboard } from './slices.ts';

/** Folder of the dashboards, relative to the repository. */
export const FOLDER = 'dashboards/grafana/json';

const DASHBOARDS: readonly (() => DashboardBuilder)[] = [
  nodeDashboard,
  slicesDashboard,
  policyDashboard,
  daemonDashboard,
];

/** Each dashboard's file name and text. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    DASHBOARDS.map((make) => {
      const dashboard = make().build();
      // Grafana identifies panels by their ids.
      (dashboard.panels ?? []).forEach((panel, i) => (panel.id = i + 1));
      // Shows the links in the bar above the panels; the builder puts them into a menu.
      for (const link of dashboard.links ?? []) delete link.placement;
      return [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`] as const;
    }),
  );
}
