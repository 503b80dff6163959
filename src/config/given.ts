/**
 * Inputs as the runner passes them to a step: environment variables, read without a table (docs/actions-platform.md#inputs).
 *
 * The post step reads its two inputs here; the main step reads all of them in read-config.ts.
 */
import * as core from '@actions/core';

/** The text of an input, white space included; empty when the input was not passed. */
export function given(name: string): string {
  return core.getInput(name, { trimWhitespace: false });
}

/**
 * Masks an input that is a secret. The text with its white space is masked too, because the runner then masks each of its
 * lines (docs/actions-platform.md#log-and-masks).
 */
export function maskSecret(name: string): void {
  const text = given(name);
  if (text.trim() === '') return;
  for (const value of new Set([text, text.trim()])) core.setSecret(value);
}

/** The token for GitHub, masked. */
export function githubToken(): string {
  maskSecret('github-token');
  return given('github-token').trim();
}

/** Status of the job so far, such as `success`: the runner evaluates the default of `job-status` again for the post step. */
export function jobStatus(): string {
  return given('job-status').trim();
}
