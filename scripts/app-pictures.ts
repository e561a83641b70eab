// Makes icon.png and logo.png of the Home Assistant app from the drawings beside them: npm run app:pictures
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const folder = new URL('../deploy/home-assistant-app/', import.meta.url);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  for (const [name, width, height] of [
    ['icon', 128, 128],
    ['logo', 250, 100],
  ] as const) {
    const page = await browser.newPage({ viewport: { width, height } });
    const drawing = await readFile(new URL(`${name}.svg`, folder), 'utf8');
    await page.setContent(`<style>body{margin:0}svg{display:block}</style>${drawing}`);
    await writeFile(new URL(`${name}.png`, folder), await page.screenshot({ omitBackground: true }));
    await page.close();
  }
} finally {
  await browser.close();
}
