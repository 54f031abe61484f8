import type { CommandEntry } from './support/command-entry.ts';

const POLICY_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'write a policy to begin with and its tests',
    load: async () => (await import('./policy/init.ts')).policyInitCommand,
  },
  {
    name: 'facts',
    summary: 'list all facts: type, unit, meaning, example',
    load: async () => (await import('./policy/facts.ts')).policyFactsCommand,
  },
  {
    name: 'check',
    summary: 'report all errors in policies',
    load: async () => (await import('./policy/check.ts')).policyCheckCommand,
  },
  {
    name: 'lint',
    summary: 'report what is probably not meant in policies',
    load: async () => (await import('./policy/lint.ts')).policyLintCommand,
  },
  {
    name: 'fmt',
    summary: 'write policies and tests in one layout',
    load: async () => (await import('./policy/fmt.ts')).policyFormatCommand,
  },
  {
    name: 'test',
    summary: 'run policy tests',
    load: async () => (await import('./policy/test.ts')).policyTestCommand,
  },
  {
    name: 'explain',
    summary: 'show the value and the verdict of each condition for a flow',
    load: async () => (await import('./policy/explain.ts')).policyExplainCommand,
  },
  {
    name: 'diff',
    summary: 'show the flows for which two policies request different placements',
    load: async () => (await import('./policy/diff.ts')).policyDiffCommand,
  },
  {
    name: 'status',
    summary: 'show the policies in force and the result of the last reload',
    load: async () => (await import('./policy/status.ts')).policyStatusCommand,
  },
];

const OPENFLOW_COMMANDS: readonly CommandEntry[] = [
  {
    name: 'decode',
    summary: 'decode OpenFlow messages from bytes or hexadecimal digits',
    load: async () => (await import('./openflow/decode.ts')).openflowDecodeCommand,
  },
];

/**
 * All commands, in the order of the help. Each module is imported only when its command is given: the
 * daemon alone has some hundred modules, and `norikae --help` needs none of them.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'run the daemon',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    name: 'check-config',
    summary: 'check a configuration file and its policies',
    load: async () => (await import('./commands/check-config.ts')).checkConfigCommand,
  },
  {
    name: 'doctor',
    summary: 'check what this host can offload, and what stands in the way',
    load: async () => (await import('./doctor/doctor.ts')).doctorCommand,
  },
  {
    name: 'top',
    summary: 'show the node and its fastest flows, live',
    load: async () => (await import('./commands/top.ts')).topCommand,
  },
  {
    name: 'flows',
    summary: 'list flows with placement, rates and reason',
    load: async () => (await import('./commands/flows.ts')).flowsCommand,
  },
  {
    name: 'why',
    summary: 'explain why a flow is where it is: rule, numbers, limits',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
  {
    name: 'decisions',
    summary: 'list the latest changes of placement and their causes',
    load: async () => (await import('./commands/decisions.ts')).decisionsCommand,
  },
  {
    name: 'status',
    summary: 'show the state of daemon, node, backends and sources',
    load: async () => (await import('./commands/status.ts')).statusCommand,
  },
  {
    name: 'onload-all',
    summary: 'move every flow back to the vSwitch and hold it there',
    load: async () => (await import('./commands/onload-all.ts')).onloadAllCommand,
  },
  {
    name: 'resume',
    summary: 'end the hold of onload-all',
    load: async () => (await import('./commands/resume.ts')).resumeCommand,
  },
  {
    name: 'reload',
    summary: 'read the policy files again',
    load: async () => (await import('./commands/reload.ts')).reloadCommand,
  },
  {
    name: 'policy',
    summary: 'write, check, test, explain and compare policies',
    load: async () => (await import('./policy/policy.ts')).policyCommand,
    commands: POLICY_COMMANDS,
  },
  {
    name: 'hash-password',
    summary: 'print a line for the file of HTTP users',
    load: async () => (await import('./commands/hash-password.ts')).hashPasswordCommand,
  },
  {
    name: 'record',
    summary: 'record the traffic of all flows for "norikae replay"',
    load: async () => (await import('./commands/record.ts')).recordCommand,
  },
  {
    name: 'replay',
    summary: 'try policies on recorded traffic',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  {
    name: 'openflow',
    summary: 'inspect messages between an OpenFlow switch and its controllers',
    commands: OPENFLOW_COMMANDS,
  },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    load: async () => (await import('./completion/completion.ts')).completionCommand,
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async () => (await import('./commands/version.ts')).versionCommand,
  },
];
