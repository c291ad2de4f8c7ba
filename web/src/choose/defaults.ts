// What a page shows whose address does not say it.
import { useEffect } from 'preact/hooks';

import type { ListProfileTypesResponse_ProfileType as ProfileType } from '@gen/flamekeep/v1/series_pb';

import { DAY } from '@/format/times';
import { adjust, question } from '@/state/page';

import { defaultRange, lastOf } from './ranges';
import { useExtent } from './use_extent';

// The type with the most series; of equals the first.
export function usualType(types: readonly ProfileType[]): ProfileType | undefined {
  return types.reduce<ProfileType | undefined>(
    (most, type) => (most && most.series >= type.series ? most : type),
    undefined,
  );
}

export function useDefaults(types: readonly ProfileType[]): void {
  const { selector, range } = question.value;
  const usual = usualType(types)?.name;
  useEffect(() => {
    if (selector === '' && usual) adjust({ selector: usual });
  }, [selector, usual]);

  const extent = useExtent(selector);
  const found = extent.state === 'ready' ? extent.value : undefined;
  const failed = extent.state === 'failed';
  useEffect(() => {
    if (range || (found === undefined && !failed)) return;
    adjust({ range: found ? defaultRange(found, Date.now()) : lastOf(DAY, null, Date.now()) });
  }, [range, found, failed]);
}
