// What can be done with a function, wherever it is shown.
import { exactExpression, withExpression } from '@/state/filter';
import { go, question } from '@/state/page';
import type { FunctionName } from '@/state/question';
import type { MenuItem } from '@/ui/menu';
import { copyAndTell } from '@/ui/told';

export function functionMenu(fn: FunctionName): MenuItem[] {
  const { filter } = question.value;
  const expression = exactExpression(fn.name);
  const add = (kind: 'keep' | 'drop' | 'hide') =>
    go({ filter: withExpression(filter, kind, expression), zoom: '' });
  return [
    { label: 'Sandwich: callers and callees', act: () => go({ view: 'sandwich', fn }) },
    { label: 'Keep only stacks with it', act: () => add('keep') },
    { label: 'Focus on it', act: () => go({ filter: { ...filter, focus: expression }, zoom: '' }) },
    { label: 'Hide it', act: () => add('hide') },
    { label: 'Drop stacks with it', act: () => add('drop') },
    { label: 'Over time', act: () => go({ view: 'series', fn }) },
    { label: 'Compare by label', act: () => go({ view: 'compare', fn }) },
    { label: 'Copy name', act: () => copyAndTell(fn.name, 'Name') },
  ];
}
