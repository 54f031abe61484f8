import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, of } from './queries.ts';

const TAG = 'norikae';
const SLICES = '__name__=~"norikae_slice_flows|norikae_slice_share_entries"';

/** Names of the variables that a dashboard's user selects. */
export type Choice = 'slice' | 'port';

/**
 * A dashboard without panels: variables for data source and instance, links to the other dashboards
 * that keep the variables, and an annotation when policies come into force.
 */
export function frame(
  uid: string,
  title: string,
  description: string,
  choices: readonly Choice[] = [],
): DashboardBuilder {
  const dashboard = new DashboardBuilder(`Norikae / ${title}`)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .link(
      new DashboardLinkBuilder('Norikae')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .icon('external link')
        .includeVars(true)
        .keepTime(true),
    )
    .annotation(policyChanges())
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    )
    .withVariable(
      variable('instance', 'Instance', 'label_values(norikae_build_info, instance)').multi(false),
    );
  for (const choice of choices) dashboard.withVariable(CHOICES[choice]());
  return dashboard;
}

const CHOICES: Readonly<Record<Choice, () => QueryVariableBuilder>> = {
  // Slices of ports have flows, declared slices also shares of the tables.
  slice: () => several('slice', 'Slice', `label_values(${of('', SLICES)}, slice)`),
  port: () => several('port', 'Port', `label_values(${of('norikae_port_info')}, port)`),
};

function several(name: string, label: string, query: string): QueryVariableBuilder {
  return variable(name, label, query)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** The value of the series is the time, so that the annotation is exact for any scrape interval. */
function policyChanges(): AnnotationQueryBuilder {
  const at = of('norikae_policy_last_reload_success_timestamp_seconds');
  const policies = of('norikae_policy_info');
  return new AnnotationQueryBuilder()
    .name('Policies in force')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('purple')
    .expr(`${policies} * on (instance, job) group_left () (${at} * 1000)`)
    .useValueForTime(true)
    .step('10s')
    .titleFormat('{{policy}} came into force')
    .textFormat('revision {{revision}}, {{mode}}')
    .tagKeys('policy,mode');
}
