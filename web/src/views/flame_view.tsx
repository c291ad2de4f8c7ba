import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { selection } from '@/api/request';
import { graphOf } from '@/flame/graph';
import { exactly } from '@/format/numbers';
import { question } from '@/state/page';
import { Answered } from '@/ui/answered';

export function FlameView() {
  const { selector, range, filter, inverted } = question.value;
  const asked = selector && range ? selection(selector, range, filter) : null;
  const answer = useAnswer(
    asked && JSON.stringify([selector, range, filter, inverted]),
    async (signal) => graphOf(await queries.flameGraph({ selection: asked!, inverted }, { signal })),
  );
  return (
    <Answered answer={answer} what="the flame graph">
      {(graph) => <p>{exactly(graph.exactTotal[0] ?? 0n)}</p>}
    </Answered>
  );
}
