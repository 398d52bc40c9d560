import { describe, expect, test } from 'vitest';
import { externalAddress, isOwnAddress, isOwnSender, isPageAddress } from './addresses.ts';

describe('our own addresses', () => {
  test.each(['tessera://app/', 'tessera://app/index.html', 'tessera://app/?x=1#y'])(
    '%s is the page',
    (url) => {
      expect(isPageAddress(url)).toBe(true);
    },
  );

  test.each([
    'tessera://app/media/pictures/x.png',
    'tessera://app.evil/',
    'tessera://media/',
    'tessera://user@app/',
    'tessera://app:81/',
    'tessera:app',
    'https://app/',
    'file:///index.html',
    'about:blank',
    'data:text/html,x',
    'javascript:alert(1)',
    '',
  ])('%s is not', (url) => {
    expect(isPageAddress(url)).toBe(false);
  });

  test('files of the same place are ours, though no page', () => {
    expect(isOwnAddress('tessera://app/media/pictures/x.png')).toBe(true);
    expect(isOwnAddress('tessera://other/media/pictures/x.png')).toBe(false);
  });
});

describe('senders', () => {
  const page = { url: 'tessera://app/', parent: null };
  test('the page in the main frame may speak, nobody else', () => {
    expect(isOwnSender(page)).toBe(true);
    expect(isOwnSender({ ...page, parent: {} })).toBe(false);
    expect(isOwnSender({ ...page, url: 'https://evil.example/' })).toBe(false);
    expect(isOwnSender({ ...page, url: 'tessera://app/media/tessera/x.tessera' })).toBe(false);
    expect(isOwnSender(null)).toBe(false);
  });
});

describe('addresses outside', () => {
  test('are https, of a known site, in their plain form', () => {
    expect(externalAddress('https://arxiv.org/abs/2303.17604')).toBe('https://arxiv.org/abs/2303.17604');
    expect(externalAddress('https://www.github.com/a b')).toBe('https://www.github.com/a%20b');
  });

  test.each([
    'http://github.com/',
    'https://github.com.evil.example/',
    'https://evil.example/?github.com',
    'https://user:secret@github.com/',
    'https://github.com:8443/',
    'file:///etc/passwd',
    'smb://github.com/share',
    'not an address',
  ])('%s stays closed', (url) => {
    expect(externalAddress(url)).toBeUndefined();
  });
});
