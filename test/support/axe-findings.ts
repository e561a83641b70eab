import axe from 'axe-core';
import type { Page } from 'playwright-core';

export interface Finding {
  readonly id: string;
  readonly where: readonly string[];
}

/** What axe finds, best practices too. Evaluated, not loaded: the page's policy would refuse a script from elsewhere. */
export async function findings(page: Pick<Page, 'evaluate'>): Promise<readonly Finding[]> {
  await page.evaluate(`${axe.source}; undefined`);
  return page.evaluate<Finding[]>(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html) })))`,
  );
}
