// The extent of a selector's samples, for components.
import { useAnswer, type Answer } from '@/api/answer';

import { extentOf } from './extent';
import type { Extent } from './ranges';

// When there are samples of a selector; null where there are none, or nothing is selected yet.
export function useExtent(selector: string): Answer<Extent | null> {
  return useAnswer(selector || null, () => extentOf(selector));
}
