import { describe, expect, it } from 'vitest';
import { createGuard, isLoopback, type GuardedRequest } from './guard.ts';

const own = '127.0.0.1:7860';
const request = (changes: Partial<GuardedRequest>): GuardedRequest => ({
  method: 'GET',
  url: new URL(`http://${own}/`),
  host: own,
  origin: undefined,
  cookie: undefined,
  authorization: undefined,
  ...changes,
});

describe('without a token', () => {
  const guard = createGuard({ host: '127.0.0.1' });
  const status = (changes: Partial<GuardedRequest>) => guard.refusal(request(changes))?.status;

  it.each<[string, Partial<GuardedRequest>]>([
    ['our own page', {}],
    ['localhost', { host: 'localhost:7860', origin: 'http://localhost:7860' }],
    ['IPv6', { host: '[::1]:7860', origin: 'http://[::1]:7860' }],
    ['a tunnel to another port', { host: 'localhost:9000', origin: 'http://localhost:9000' }],
    ['our own socket', { upgrade: true, origin: `http://${own}` }],
    ['a link followed from elsewhere', { fetchSite: 'cross-site', fetchMode: 'navigate' }],
    ['a command line', { method: 'PUT' }],
  ])('lets in %s', (_, changes) => {
    expect(status(changes)).toBeUndefined();
  });

  it.each<[string, Partial<GuardedRequest>]>([
    ['a name that was made to point here', { host: 'evil.example:7860' }],
    ['such a name with its own origin', { host: 'evil.example', origin: 'http://evil.example' }],
    ['a name that begins like ours', { host: '127.0.0.1.evil.example' }],
    ['no name', { host: undefined }],
    ['a broken name', { host: 'a b' }],
    ['an address of the network', { host: '192.168.0.7:7860' }],
    ['another origin', { method: 'PUT', origin: 'http://evil.example' }],
    ['an origin that is hidden', { method: 'PUT', origin: 'null' }],
    ['our address at another port', { upgrade: true, origin: 'http://127.0.0.1:7861' }],
    ['a socket without an origin', { upgrade: true }],
    ['a socket of another origin', { upgrade: true, origin: 'https://evil.example' }],
    ['a picture in a page of elsewhere', { fetchSite: 'cross-site', fetchMode: 'no-cors' }],
    ['a picture in a page of another port', { fetchSite: 'same-site', fetchMode: 'no-cors' }],
    [
      'a form that is sent from elsewhere',
      { method: 'POST', fetchSite: 'cross-site', fetchMode: 'navigate' },
    ],
  ])('refuses %s', (_, changes) => {
    expect(status(changes)).toBe(403);
  });
});

describe('with a token', () => {
  const token = 'a-long-enough-token';
  const guard = createGuard({ host: '0.0.0.0', token });
  const status = (changes: Partial<GuardedRequest>) =>
    guard.refusal(request({ host: '192.168.0.7:7860', ...changes }))?.status;

  it('takes it from the address, the cookie or the header, and nothing else', () => {
    expect(status({ url: new URL(`http://${own}/?token=${token}`) })).toBeUndefined();
    expect(status({ cookie: `a=b; tessera_token=${token}` })).toBeUndefined();
    expect(status({ authorization: `Bearer ${token}` })).toBeUndefined();
    expect(status({})).toBe(401);
    expect(status({ cookie: 'tessera_token=%E0%A4%A' })).toBe(401);
    expect(status({ authorization: 'Bearer wrong' })).toBe(401);
  });

  it('still refuses a name that was made to point here', () => {
    expect(status({ host: 'evil.example', authorization: `Bearer ${token}` })).toBe(403);
  });
});

it('takes for this machine only what is', () => {
  expect(['127.0.0.1', '127.0.0.9', '::1', 'localhost'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '127.evil.example', '192.168.0.7', ''].some(isLoopback)).toBe(false);
});
