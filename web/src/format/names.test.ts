import { expect, it } from 'vitest';

import { splitName } from './names';

it.each([
  ['MediaWiki\\Parser\\Parser::parse', 'MediaWiki\\Parser\\', 'Parser::parse'],
  ['github.com/a/b.(*T).Do', 'github.com/a/', 'b.(*T).Do'],
  ['std::map<a/b>::at', '', 'std::map<a/b>::at'],
  ['{closure:/srv/x.php(12)}', '', '{closure:/srv/x.php(12)}'],
  ['/usr/lib/', '', '/usr/lib/'],
  ['strlen', '', 'strlen'],
  ['', '', ''],
])('splits %s', (name, qualifier, own) => expect(splitName(name)).toEqual([qualifier, own]));
