// Compares what the action says with docs/troubleshooting.md. Every row has a test that calls `expectError` or
// `expectAnnotation` with its name: test/unit/documents.test.ts looks for it.
import { expect } from 'vitest';
import { ANNOTATION_ROWS, type AnnotationName, errorRow, says } from '../../scripts/troubleshooting.ts';
import { type ErrorCode, SyncError } from '../../src/errors.ts';
import type { Annotation } from '../world/runner/index.ts';

/** A run, or a job. */
interface Said {
  readonly annotations: readonly Annotation[];
  readonly post?: { readonly annotations: readonly Annotation[] } | undefined;
}

/** An error, or a stream's missing role, has this code and says what the page says of it. */
export function expectError(result: Said, ...codes: readonly ErrorCode[]): void {
  const found = annotationsOf(result);
  for (const code of codes) {
    const messages = found.filter(annotation => codeOf(annotation) === code).map(({ message }) => message);
    expect(messages.length, `${code}: ${JSON.stringify(found)}`).toBeGreaterThan(0);
    for (const message of messages) expectSays(code, message);
  }
}

/** A warning or notice says what the page says of it. */
export function expectAnnotation(result: Said, name: AnnotationName): void {
  const others = annotationsOf(result).filter(({ level }) => level !== 'error');
  expect(others.filter(({ message }) => says(ANNOTATION_ROWS[name], message)).length, JSON.stringify(others)).toBe(1);
}

/** All annotations of the action itself are on the page, and say what it says. */
export function expectOnPage(result: Said): void {
  for (const annotation of annotationsOf(result)) {
    const { level, message } = annotation;
    const code = codeOf(annotation);
    if (code !== '') expectSays(code, message);
    else if (level !== 'error' && !/^Failed to |^Cache (?:service|save)/.test(message)) {
      expect(
        Object.values(ANNOTATION_ROWS).some(row => says(row, message)),
        message,
      ).toBe(true);
    }
  }
}

/** What was thrown is this error, and says what the page says: for errors that take an action minutes, or a full disk. */
export function expectSaid(error: unknown, code: ErrorCode): void {
  expect(error).toBeInstanceOf(SyncError);
  expect((error as SyncError).code).toBe(code);
  expectSays(code, (error as SyncError).message);
}

function expectSays(code: string, message: string): void {
  const row = errorRow(code);
  expect(row !== undefined && says(row, message), `${code}: ${message}`).toBe(true);
}

function annotationsOf(result: Said): Annotation[] {
  return [...result.annotations, ...(result.post?.annotations ?? [])];
}

function codeOf({ title = '' }: Annotation): string {
  return /^kustomer-sync: ([\w-]+)$/.exec(title)?.[1] ?? '';
}
