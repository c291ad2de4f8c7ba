// Asks the server what the page's search matches. Its expressions are RE2's, and what it finds is
// exact, however little of it a graph draws.
import { useAnswer, type Answer } from '@/api/answer';
import { queries } from '@/api/client';
import { matching } from '@/api/request';
import { question } from '@/state/page';
import type { FunctionName } from '@/state/question';

import type { Asked } from './asked';
import { foundOf, type Found } from './found';

const MOST_FUNCTIONS = 100_000; // of the server

// In each of the selections: of a diff there are two, the baseline last.
export function useSearch(selections: readonly Asked[]): Answer<Found> {
  const { search } = question.value;
  const idle = search === '' || selections.length === 0;
  return useAnswer(
    idle ? null : JSON.stringify([search, selections.map(({ key }) => key)]),
    async (signal) => {
      const request = { function: matching(search), limit: MOST_FUNCTIONS };
      const answers = selections.map(({ selection }) =>
        queries.search({ ...request, selection }, { signal }),
      );
      return foundOf(await Promise.all(answers));
    },
  );
}

// What a graph marks; null: nothing is searched for.
export type Marked = readonly FunctionName[] | null;

// While somebody types it stays marked what was found last, or the graph would flicker.
export function markedBy(found: Answer<Found>): Marked {
  return found.state === 'failed' ? null : (found.value?.functions ?? null);
}
