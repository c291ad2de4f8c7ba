// The extent of a profile type's samples, for components.
import { useAnswer, type Answer } from '@/api/answer';
import { parseSelector } from '@/state/selector';

import { extentOf } from './extent';
import type { Extent } from './ranges';

// When there are samples of a selector's profile type, whatever their labels: each label would have
// to be searched for anew. Null where there are none; nothing selected is waited for.
export function useExtent(selector: string): Answer<Extent | null> {
  const profileType = parseSelector(selector)?.profileType ?? '';
  const whose = profileType === '' ? selector : profileType;
  return useAnswer(whose === '' ? null : whose, (signal) => extentOf(whose, signal));
}
