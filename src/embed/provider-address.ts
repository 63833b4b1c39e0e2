import { unusableSettings } from './unusable-settings.ts';

/**
 * The address that requests go to: a path below a base URL, whose query is kept.
 * @throws {StartupError} with exit code 78 when the base URL is not an `http(s)` address, or holds a user name or password.
 */
export function endpointUrl(baseUrl: string, path: string): URL {
  if (!URL.canParse(baseUrl))
    throw unusableSettings('the base URL is not an address such as https://api.openai.com/v1');
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw unusableSettings(`the base URL begins with "${url.protocol}", and http: and https: are understood`);
  }
  if (url.username !== '' || url.password !== '') {
    throw unusableSettings('the base URL holds a user name or password, and only an API key can be sent');
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

/**
 * The header that carries a key, as a bearer token in `authorization` and as it is in any other; none without a key.
 * @throws {StartupError} with exit code 78 when the key could not be sent. It is not repeated.
 */
export function keyHeader(header: 'authorization' | 'api-key', apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined) return {};
  // fetch() quotes a header that it refuses, so a key with a line end would reach the log.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw unusableSettings('the API key is empty or has a space, a line end or a character outside ASCII');
  }
  return { [header]: header === 'authorization' ? `Bearer ${apiKey}` : apiKey };
}
