// What a good copy of somebody's data does, whoever makes it: what the acceptance tests of other extractors ask for, and
// what their users have missed.
import type { Row } from './row.ts';

export const BEHAVIORS: readonly Row[] = [
  // The outside.
  [
    'The inputs of `action.yml`, of the documents and of the action are the same, with the same defaults.',
    'acceptance',
    'inputs > that are left empty mean what action.yml, the README and docs/inputs.md say',
    'an input has another default in the action',
  ],
  [
    'Every output is set, also by a run that is refused.',
    'report',
    'the outputs > are texts, each of them, when nothing was read too',
    'an output is left out',
  ],
  [
    'A secret is masked before anything else is said.',
    'report',
    'what is said nowhere > is the token of GitHub and of the runtime, in what the action itself says',
    'the key is not masked',
  ],
  [
    'An error about a secret does not show it.',
    'bad-input',
    'a token that cannot be one > one with %s is explained',
    'an error shows the secret that it is about',
  ],
  [
    'What an earlier version has saved is gone on from.',
    'acceptance',
    'what version 0.1.0 has saved > is gone on from, with nothing twice and nothing missing',
    'a new version of the state is not made of the old one',
  ],
  [
    'A check with a good key passes, and leaves nothing behind.',
    'check',
    'a check > of a first sync takes a dozen requests at most, and tells what the sync would do',
    'a check leaves a folder behind',
  ],
  [
    'A check with a bad key says so in one error.',
    'check',
    'a check fails as a sync does > with %s',
    'a key that is refused counts as one without a role',
  ],
  [
    'A stream that nobody knows is an error before the first request, which names those that there are.',
    'bad-input',
    'an input that cannot be used > %s: %j',
    'a stream that nobody knows is passed over',
  ],
  [
    'A sync that finds no record at all says so, and takes it for no success.',
    'identity',
    'where no record is left at all, nothing is published, and it is no quiet failure',
    'a run without any record is a success',
  ],
  // Records.
  [
    'Every record has an id.',
    'errors',
    'an answer that cannot be true > records without an id fail the stream',
    'a record without an id is taken',
  ],
  [
    'A record without a time of its last update is published, once for each content.',
    'searches',
    'a record without a usable date is published again when its bytes change, and not otherwise',
    'a record without a date is left out',
  ],
  [
    'No run publishes a record twice, also where Kustomer shows it twice.',
    'acceptance',
    'a search > that shows a record twice has it published once',
    'a record that a page shows twice is published twice',
  ],
  [
    'Every value comes out as it came in, with all digits of numbers, and unknown fields as well.',
    'acceptance',
    'a line is one JSON text that every reader takes, whatever the record holds (%s)',
    'numbers are rounded',
  ],
  [
    'Line separators, lone surrogates, control characters and emoji make no line that a reader would not take.',
    'acceptance',
    'a line is one JSON text that every reader takes, whatever the record holds (%s)',
    'lone surrogates stay in the lines',
  ],
  [
    'A record of megabytes, or one that nests deep, is published as it is.',
    'hostile-answers',
    'a record that nests too deep > is published as it is up to 500 levels',
    'records may nest 100 levels deep',
  ],
  // Full refresh and incremental.
  [
    'Two full reads of what has not changed have the same records.',
    'acceptance',
    'two full reads of what has not changed have the same records',
    'a full refresh goes on from the state',
  ],
  [
    'A run after which nothing has changed publishes nothing.',
    'acceptance',
    'a sync has every record once, in its latest version, the next one what has changed, and the one after it nothing',
    'a version is published each time it is read',
  ],
  [
    'An incremental run reads what has changed, and the lookback.',
    'acceptance',
    'an incremental run > asks for nothing older than its bookmark less the lookback, nor for anything after its cutoff',
    'everything is read again in each run',
  ],
  [
    'Wherever a run is killed, the next one goes on: nothing is missing, and nothing is twice.',
    'crash',
    'killed, {"destination":"artifact","impatient":true} > at $at of its steps, post step: $post',
    'a checkpoint counts records that are not on the disk yet',
  ],
  [
    'A state from the future costs no record, and a warning says that the clock was fast.',
    'clock',
    'nothing is lost and nothing is doubled > where the clock of a runner is fast by %s',
    'a future that a fast clock has synced counts',
  ],
  [
    'A saved state says nothing of a run under way, and no time after the cutoff.',
    'acceptance',
    'an incremental run > saves no time after its cutoff as read, and nothing that only a run under way needs',
    'a minute after the cutoff counts as read',
  ],
  [
    'What is updated or created while a run reads comes with the next one, once, and hides no other record.',
    'acceptance',
    'a search > whose records are updated and created while it is read loses none, and each version comes once',
    'the rest of a second is skipped after a full page',
  ],
  [
    'Records of one time are all published, be they one, a page, a page and one more, or more than a search returns.',
    'acceptance',
    'a search > shows all records of one time: one, a page, a page and one more, or more than it returns at once',
    'the records of one second are taken to fit on a page',
  ],
  [
    'Where Kustomer cannot show all records of one time, the stream fails, and its state stays before that time.',
    'acceptance',
    'a search > that cannot show all records of one time fails its stream, and the state stops before that time',
    'what a search does not return is taken for not there',
  ],
  [
    'A page that is not in order is noticed.',
    'acceptance',
    'a search > that ignores the order it is asked for is noticed, and nothing is missing',
    'the order of a page is believed',
  ],
  [
    'A record that moves while a list is read is not lost, and makes no other one lost.',
    'lists',
    'a list that changes while it is read > loses no record that moves to a page already read',
    'one pass over a list is enough',
  ],
  [
    'A backfill leaves the state of the sync as it is.',
    'backfill',
    'a backfill > and an incremental sync do not know each other (%s)',
    'a backfill has the state of the sync',
  ],
  [
    'An earlier start date adds the records that are missing, and no other.',
    'first-sync',
    'a start date > leaves out what was updated before it, and an earlier one later on adds exactly that',
    'an earlier start date reads nothing',
  ],
  // Failures and limits.
  [
    'A stream that fails costs no other stream its records or its state, and goes on with the next run.',
    'errors',
    'a request that is refused (%i) > fails that stream only, after one try; the next run goes on with nothing twice',
    'a stream that fails ends the run',
  ],
  [
    'What could not be published does not count as published.',
    'report',
    'publishing > that %s fails the run, and the state does not say that it was done',
    'the state is saved before the records are published',
  ],
  [
    'A state that could not be saved makes the run fail.',
    'patience',
    'waiting > a state that the service does not take makes the run red, with the artifact there and the state not saved',
    'a state that could not be saved is no error',
  ],
  [
    'No minute has more requests than the budget, all streams and repetitions included.',
    'acceptance',
    'no minute has more requests than the budget, those that are repeated included (%s)',
    'a request that is repeated takes no place in the budget',
  ],
  [
    '`Retry-After` is kept, as seconds and as a date, and within a minute whatever it says.',
    'pace',
    '%s is kept by all streams',
    'a 429 concerns one request alone',
  ],
  [
    'A reset that is told in seconds, as a time or not at all is understood.',
    'errors',
    'a rate limit (429) > with the reset in %s is waited out',
    'a reset that Kustomer tells is not looked at',
  ],
  [
    'A key that is refused (401) ends the run at once.',
    'errors',
    'a key that is not accepted (401) > ends the run at once, with one annotation that says what to check',
    'a key that is refused counts as one without a role',
  ],
  [
    'What may pass (408, 429, 5xx, resets, broken answers) is asked again.',
    'errors',
    'trouble that passes is asked again, and nothing is missing or there twice > of all kinds, with compression: %s',
    'a broken answer is not asked for again',
  ],
  [
    'A list that leads round in a circle is an error, and no endless loop.',
    'lists',
    'a list that goes round in a circle > is an error of its stream: it %s',
    'a list that leads round in a circle counts as read',
  ],
  [
    'A run that is out of time publishes what it has, saves its state and succeeds.',
    'stop',
    'a time budget > that is used up ends the run cleanly: published, saved, green, and said to be partial',
    'a run that is out of time fails',
  ],
  [
    'A run that is canceled publishes what it has.',
    'stop',
    'a cancelled job > keeps what it had read: main ends within seconds, and the post step publishes the files and saves the state',
    'a canceled run leaves nothing to the post step',
  ],
  [
    'Bytes, hashes and counts of the manifest are those of the files.',
    'first-sync',
    'the files of a run > are what the manifest says: bytes, hashes, records and times, compressed or not',
    'the manifest counts a record too few',
  ],
  [
    'Two runs at the same time publish no change twice, and none takes the state of the other back.',
    'two-runs',
    'on %s > two increments publish every change once',
    'the state of another run is overwritten',
  ],
  [
    'No record, no header and no key is in log, summary or annotations, not even with debug logging.',
    'report',
    'what is said nowhere > is the token, a header or anything out of a record, with debug logging: %s',
    'errors quote whatever Kustomer says',
  ],
  [
    'A public repository is refused, unless somebody allows it.',
    'report',
    'a public repository > is refused %s: nothing is published, and the way out is told',
    'a public repository is as good as a private one',
  ],
];
