// Checks what must hold for a run, whatever the services answer, and for all published records
// (README.md#what-it-promises).
import { isSearch, streamNamed } from '../../src/kustomer/streams.ts';
import { cloned, uploaded } from '../action/publishing.ts';
import { OUTPUTS, texts } from '../action/support.ts';
import { DEFAULT_TOKEN, STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult, PhaseResult } from '../world/runner/index.ts';
import { type Line, type Stage, updatedAtOf } from '../world/stage.ts';
import type { Case } from './case.ts';
import { MARK } from './records.ts';

export interface Finding {
  readonly kind:
    | 'loss'
    | 'doubling'
    | 'invention'
    | 'hang'
    | 'leak'
    | 'memory'
    | 'crash'
    | 'unclear'
    | 'not clean'
    | 'fuzzer';
  readonly what: string;
}

export function checkHostileRun(stage: Stage, result: ActionResult, asked: readonly string[]): Finding[] {
  const phases: [string, PhaseResult][] = [
    ['main', result],
    ...(result.post === undefined ? [] : [['post', result.post] as [string, PhaseResult]]),
  ];
  return [
    ...phases.flatMap(([name, phase]) => checkPhase(name, phase)),
    ...(result.exitCode === 0 || result.exitCode === 1 ? checkOutputs(result) : []),
    ...leaks(stage, result),
    ...(asked.length === 0 ? [] : [{ kind: 'leak' as const, what: `asked another host: ${asked.slice(0, 3)}` }]),
  ];
}

function checkPhase(name: string, phase: PhaseResult): Finding[] {
  const findings: Finding[] = [];
  // The watchdog has reported what it kills.
  const isKilled = phase.signals.includes('SIGKILL');
  const isOver = phase.conclusion === 'skipped' || phase.exitCode === 0 || phase.exitCode === 1;
  if (!isOver && !isKilled)
    findings.push({ kind: 'crash', what: `${name} ended with ${phase.signal ?? phase.exitCode}` });
  const odd = phase.rawLog.split('\n').find(line => /^Node\.js v\d|Unhandled|FATAL ERROR|\(node:\d+\)/.test(line));
  if (odd !== undefined) findings.push({ kind: 'crash', what: `${name} says ${odd.replace(/node:\d+/, 'node')}` });
  const errors = phase.annotations.filter(({ level }) => level === 'error').map(({ message }) => message);
  if (phase.exitCode === 1 && errors.length === 0)
    findings.push({ kind: 'unclear', what: `${name} fails without an error` });
  for (const message of errors) {
    if (/an error it does not know/.test(message)) findings.push({ kind: 'unclear', what: `${name}: ${message}` });
    else if (!/^[A-Z`].*[.:\n].*\s[A-Z].*\.$/s.test(message) || /undefined|\[object|NaN/.test(message))
      findings.push({ kind: 'unclear', what: `${name}: ${message.slice(0, 300)}` });
  }
  if (new Set(errors).size < errors.length)
    findings.push({ kind: 'unclear', what: `${name} says an error twice: ${errors[0]}` });
  return findings;
}

function checkOutputs({ outputs, exitCode, annotations }: ActionResult): Finding[] {
  const missing = OUTPUTS.filter(name => outputs[name] === undefined);
  const errors = annotations.filter(({ level }) => level === 'error');
  return [
    ...(missing.length === 0 ? [] : [{ kind: 'unclear' as const, what: `outputs are not set: ${missing}` }]),
    ...(exitCode === 0 && errors.length > 0
      ? [{ kind: 'unclear' as const, what: `succeeds with an error: ${errors[0]?.message}` }]
      : []),
  ];
}

function leaks(stage: Stage, result: ActionResult): Finding[] {
  // The `message` of an answer by GitHub is shown (docs/actions-platform.md#log-and-masks).
  const said = texts(result).replaceAll(new RegExp(`\\(\\d{3}: ${MARK}\\)`, 'g'), '');
  const planted = [DEFAULT_TOKEN, 'Bearer ', 'ghs_main', MARK, ...contentsOf(stage)];
  return planted
    .filter(secret => said.includes(secret))
    .slice(0, 3)
    .map(secret => {
      const at = said.indexOf(secret);
      return { kind: 'leak', what: JSON.stringify(said.slice(Math.max(0, at - 120), at + secret.length + 60)) };
    });
}

/** Texts of records. */
function contentsOf(stage: Stage): string[] {
  return (['customers', 'conversations', 'messages', 'users'] as const).flatMap(stream =>
    [...stage.world.truth(stream).keys()].flatMap(id => {
      const { attributes } = JSON.parse(stage.world.render(stream, id)) as { attributes: Record<string, unknown> };
      return Object.values(attributes).filter(
        (value): value is string => typeof value === 'string' && /\S[ @]\S/.test(value) && value.length > 10,
      );
    }),
  );
}

export function checkCleanRun(result: ActionResult, name: string): Finding[] {
  const errors = result.annotations.filter(({ level }) => level === 'error').map(({ message }) => message);
  const isClean =
    result.exitCode === 0 &&
    result.jobConclusion === 'success' &&
    result.outputs.complete === 'true' &&
    errors.length === 0;
  if (isClean) return [];
  return [
    {
      kind: 'not clean',
      what: `${name} ended with ${result.exitCode}, complete=${result.outputs.complete}: ${errors.join(' | ').slice(0, 600)}`,
    },
  ];
}

/** Each record is published in its latest version, no version twice, and none that never existed. */
export async function checkPublished(stage: Stage, destination: Case['destination']): Promise<Finding[]> {
  try {
    const onBranch = destination.includes('branch');
    const branch = onBranch ? checkDestination(stage, await cloned(stage)) : [];
    // With both destinations the branch has the state, and a failed artifact is not uploaded again.
    const artifacts = destination.includes('artifact') ? checkDestination(stage, await uploaded(stage)) : [];
    return [...branch, ...artifacts.filter(({ kind }) => !onBranch || kind !== 'loss')];
  } catch (error) {
    return [{ kind: 'invention', what: `what is published cannot be read: ${String(error).slice(0, 300)}` }];
  }
}

function checkDestination(stage: Stage, published: ReadonlyMap<Stream, readonly Line[]>): Finding[] {
  return STREAMS.flatMap(stream => checkStream(stage, stream, published.get(stream) ?? []));
}

function checkStream(stage: Stage, stream: Stream, lines: readonly Line[]): Finding[] {
  const truth = stage.world.truth(stream);
  const published = new Set<string>();
  // By version: how often each shape of it was published. A list may show a record changed under the same time.
  const shapes = new Map<string, Map<string, number>>();
  const shapeOf = (line: Line) => (isSearch(streamNamed(stream)) ? '' : JSON.stringify(line));
  const findings: Finding[] = [];
  for (const line of lines) {
    // The action cannot know which records are invented.
    if (!truth.has(line.id)) continue;
    const version = `${line.id} ${updatedAtOf(line)}`;
    published.add(version);
    const counts = shapes.get(version) ?? new Map<string, number>();
    shapes.set(version, counts.set(shapeOf(line), (counts.get(shapeOf(line)) ?? 0) + 1));
  }
  const known = new Set(
    [...truth.keys()].flatMap(id => stage.world.versions(id).map(({ updatedAt }) => `${id} ${updatedAt}`)),
  );
  const missing = [...truth].filter(([id, { updatedAt }]) => !published.has(`${id} ${updatedAt}`));
  // A record that had another shape in between comes again.
  const twice = [...shapes.values()].filter(counts => Math.max(...counts.values()) > counts.size);
  const invented = [...published].filter(version => !known.has(version));
  if (missing.length > 0)
    findings.push({ kind: 'loss', what: `${stream}: ${missing.length} of ${truth.size} missing` });
  if (twice.length > 0) findings.push({ kind: 'doubling', what: `${stream}: ${twice.length} of ${truth.size} twice` });
  if (invented.length > 0)
    findings.push({
      kind: 'invention',
      what: `${stream}: ${invented.length} in a version that never was, such as ${invented[0]}`,
    });
  return findings;
}
