// Renders what people see of real runs, as GitHub shows it: the log, the summary and the README of the data branch, as PNG in
// both themes. The runs are those of the committed dist/ in the simulated world.
//
//   npm run pictures                 all of them, into tmp/pictures/out
//   npm run pictures -- first 403    those whose name contains one of the words
//   npm run pictures -- README       those of the README, into docs/pictures
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStage } from '../test/world/stage.ts';
import { README_PICTURES, stamped } from './pictures/readme.ts';
import { HOME, logPage, openRenderer, THEMES } from './pictures/renderer.ts';
import { PICTURES } from './pictures/scenes.ts';

const OUT = join(HOME, 'out');

await mkdir(OUT, { recursive: true });
const words = process.argv.slice(2);
const renderer = await openRenderer();
try {
  if (words.includes('README')) await drawReadme();
  for (const { name, stage: options, run } of PICTURES) {
    if (words.length > 0 && !words.some(word => name.includes(word))) continue;
    const stage = await openStage(options);
    try {
      const result = await run(stage);
      await renderer.shoot(join(OUT, `${name}-summary`), renderer.markdown(result.summary));
      await renderer.shoot(join(OUT, `${name}-log`), logPage(result));
      if (name === 'branch') {
        const readme = (await stage.github.repository.files('kustomer-data')).get('README.md');
        if (readme !== undefined) await renderer.shoot(join(OUT, `${name}-readme`), renderer.markdown(String(readme)));
      }
      console.log(name);
    } finally {
      await stage.close();
    }
  }
} finally {
  await renderer.close();
}
console.log(`The pictures are in ${OUT}.`);
process.exit(0);

async function drawReadme(): Promise<void> {
  for (const { path, width, text } of README_PICTURES) {
    await renderer.shoot(path, renderer.markdown(text, ''), { width, scale: 1_060 / width });
    for (const theme of THEMES) {
      const file = `${path}-${theme}.png`;
      await writeFile(file, stamped(await readFile(file), text));
      await rm(`${path}-${theme}.html`);
    }
    console.log(path);
  }
}
