import type { WhyAnswer, WhyView } from './flow-views.ts';

/** All routes of the server that answers. */
export interface RouteList {
  readonly version: string;
  readonly routes: readonly {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly summary: string;
  }[];
}

/** Why a flow is where it is, with a sentence for people. */
export interface ExplainedWhyView extends WhyView {
  readonly sentence: string;
}

/** Response for a flow that was found. */
export interface WhyResponse {
  readonly found: true;
  readonly why: ExplainedWhyView;
}

/** Response when no flow, or more than one, has the id. */
export type UnknownFlowResponse = Extract<WhyAnswer, { readonly found: false }>;

/** What went wrong, for people. */
export interface ErrorResponse {
  readonly error: string;
}
