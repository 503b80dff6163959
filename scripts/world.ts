// Starts the Kustomer simulator alone, with some data, and keeps it running until it is killed: for trying the action by
// hand, and for the workflow that runs it on GitHub. Prints `url=`, `token=` and `records=`, fit for GITHUB_OUTPUT.
//
//   npm run world
import { DEFAULT_TOKEN, KustomerWorld, STREAMS, startKustomer } from '../test/world/kustomer/index.ts';

const DAY = 86_400_000;

const world = new KustomerWorld();
world.populate(
  {
    conversations: 1_200,
    customers: 800,
    kobjects: { order: 150, subscription: 50 },
    messages: 2_000,
    notes: 300,
    shortcuts: 20,
    tags: 40,
    teams: 6,
    users: 30,
  },
  { from: Date.now() - 365 * DAY, to: Date.now() - DAY, tieFraction: 0.05 },
);
const { url } = await startKustomer(world);
console.log(`url=${url}`);
console.log(`token=${DEFAULT_TOKEN}`);
console.log(`records=${STREAMS.reduce((sum, stream) => sum + world.truth(stream).size, 0)}`);
