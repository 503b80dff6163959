// The log of a run, as the runner shows it. Only this file, inputs.ts and report.ts know @actions/core.
import * as core from '@actions/core';

/** What the other rooms may say. Text given here never holds a secret or anything out of a record. */
export interface Log {
  /** A line of the story. */
  info(line: string): void;
  /** A line only for those who have turned debug logging on. */
  debug(line: string): void;
  /** Something a user should do something about; an annotation. */
  warning(message: string): void;
  /** A fact worth knowing once a run; an annotation. */
  notice(message: string): void;
}

export const log: Log = {
  info: core.info,
  debug: core.debug,
  warning: message => core.warning(message),
  notice: message => core.notice(message),
};
