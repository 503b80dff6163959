// How an answer can be made to lie. Faults set these; an honest answer has none. Lists know of page, data, org, drop
// and total only.

export interface Tweak {
  /** meta.timed_out is true and only this part of the page is there; `counted`: meta.total counts no more than that. */
  readonly timedOut?: { readonly keep: number; readonly counted: boolean };
  readonly total?: (real: number) => number;
  readonly ignoreSort?: boolean;
  /** So many records of the page (half of them by default) are left out, though they exist and count in the total. */
  readonly drop?: { readonly count: number | undefined; readonly where: 'end' | 'middle' };
  /** So many records from outside the asked window are added. */
  readonly outside?: number;
  /** Whatever page is asked for, page 1 is answered, linking to page 2. */
  readonly repeatPage?: boolean;
  readonly missingData?: boolean;
  /** The org in relationships.org of every record. */
  readonly org?: string;
}
