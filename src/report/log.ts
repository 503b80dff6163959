/** The log of the step, as the runner shows it. */
import * as core from '@actions/core';

/** How other folders write to the log. No text given here may contain a secret or a part of a record. */
export interface Log {
  info(line: string): void;
  /** Shown only when debug logging is on. */
  debug(line: string): void;
  /** An annotation for something that the user should act on. */
  warning(message: string): void;
  /** An annotation for a fact that the user should know. */
  notice(message: string): void;
}

export const log: Log = {
  info: core.info,
  debug: core.debug,
  warning: message => core.warning(message),
  notice: message => core.notice(message),
};
