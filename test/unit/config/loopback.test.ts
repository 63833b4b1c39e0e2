import { expect, test } from 'vitest';
import { isLoopback } from '../../../src/config/loopback.ts';

test.each([
  'localhost',
  'LOCALHOST',
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
])('%s is loopback', (host) => expect(isLoopback(host)).toBe(true));

test.each([
  '0.0.0.0',
  '::',
  '126.0.0.1',
  '128.0.0.1',
  '10.0.0.1',
  'localhost.example.com',
  '127.0.0.1.example.com',
  '127.1',
  '',
])('%j is not loopback', (host) => expect(isLoopback(host)).toBe(false));
