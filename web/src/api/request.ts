// From a question to messages of the API.
import { create } from '@bufbuild/protobuf';
import { timestampDate, timestampFromMs, type Timestamp } from '@bufbuild/protobuf/wkt';

import { TimeRangeSchema } from '@gen/flamekeep/v1/common_pb';
import {
  FrameFilterSchema,
  FrameMatcherSchema,
  FunctionMatcherSchema,
  SelectionSchema,
  type FrameFilter,
  type FrameMatcher,
  type FunctionMatcher,
  type Selection,
} from '@gen/flamekeep/v1/selection_pb';

import type { Filter, FunctionName, Range } from '@/state/question';

// Of an expression as the command line takes it: with "file:" in front it is of a file.
const FILE_PREFIX = 'file:';

function frameMatcher(expression: string): FrameMatcher {
  return expression.startsWith(FILE_PREFIX)
    ? create(FrameMatcherSchema, { file: expression.slice(FILE_PREFIX.length) })
    : create(FrameMatcherSchema, { function: expression });
}

function frameFilter(filter: Filter): FrameFilter | undefined {
  if (isEmpty(filter)) return undefined;
  return create(FrameFilterSchema, {
    keep: filter.keep.map(frameMatcher),
    drop: filter.drop.map(frameMatcher),
    hide: filter.hide.map(frameMatcher),
    ...(filter.focus && { focus: frameMatcher(filter.focus) }),
    ...(filter.until && { until: frameMatcher(filter.until) }),
    maxDepth: filter.maxDepth,
  });
}

export function isEmpty(filter: Filter): boolean {
  return (
    filter.keep.length + filter.drop.length + filter.hide.length === 0 &&
    filter.focus === '' &&
    filter.until === '' &&
    filter.maxDepth === 0
  );
}

export function selection(selector: string, range: Range, filter?: Filter): Selection {
  return create(SelectionSchema, {
    selector,
    range: create(TimeRangeSchema, {
      begin: timestampFromMs(range.from),
      end: timestampFromMs(range.to),
    }),
    ...(filter && { filter: frameFilter(filter) }),
  });
}

// Whatever matches the expression.
export function matching(expression: string): FunctionMatcher {
  return create(FunctionMatcherSchema, { matcher: frameMatcher(expression) });
}

// Exactly this function: its file counts only where it is known.
export function exactly(name: FunctionName): FunctionMatcher {
  return create(FunctionMatcherSchema, { function: name.name, file: name.file });
}

// Milliseconds since 1970; undefined where there is no such moment.
export function milliseconds(time: Timestamp | undefined): number | undefined {
  return time && timestampDate(time).getTime();
}
