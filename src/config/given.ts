/**
 * Inputs as the runner passes them to a step: environment variables, read without a table
 * (docs/actions-platform.md#inputs).
 *
 * The post step reads its inputs here; the main step reads all of them in read-config.ts.
 */
import * as core from '@actions/core';

/** The text of an input, white space included; empty when the input was not passed. */
export function given(name: string): string {
  return core.getInput(name, { trimWhitespace: false });
}

/**
 * Masks an input that is a secret, and returns its text without white space. The text with its white space is masked
 * too, because the runner then masks each of its lines (docs/actions-platform.md#log-and-masks).
 */
export function maskSecret(name: string): string {
  const text = given(name);
  const secret = text.trim();
  if (secret !== '') for (const value of new Set([text, secret])) core.setSecret(value);
  return secret;
}
