// What a manifest, and the output `streams`, say of a stream. Pure.

export interface StreamReport {
  readonly name: string;
  readonly mode: string;
  readonly outcome: string;
  readonly records: number;
  readonly requests: number;
  readonly from: string;
  readonly to: string;
  readonly error?: string;
}
