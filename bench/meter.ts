// Loaded into a process before anything else, by `--import`: when the process ends it writes what it has used to the
// file that METER names, one for each process.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface Used {
  /** Of user and system together. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Peak of the resident memory. */
  readonly peakMB: number;
  /** Files and sockets that were open at its end. */
  readonly handles: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  // Not `maxRSS`, which begins at what the parent had when it started the process.
  const [, peakKB] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const used: Used = {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    wallSeconds: performance.now() / 1_000,
    peakMB: Number(peakKB) / 1_024,
    handles: readdirSync('/proc/self/fd').length,
    startedAt: performance.timeOrigin,
  };
  writeFileSync(`${process.env.METER}.${process.pid}`, JSON.stringify(used));
});
