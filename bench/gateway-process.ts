/** The gateway as `tessera serve` runs it, in a process of its own. */
import { openApplication } from '../src/cli/application.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { listen } from '../src/http/listen.ts';
import { createLogger } from '../src/log.ts';
import { serveParent } from './bench-child.ts';

const config = loadConfig(process.env);
const app = await openApplication(config, createLogger({ level: 'error' }));
const listening = await listen(app.gateway, config.http);
serveParent(listening.url, async () => {
  await listening.close();
  await app.close();
});
