/** The gateway as `tessera serve` runs it, in a process of its own that tells its parent what it has used. */
import { openApplication } from '../src/cli/application.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { listen } from '../src/http/listen.ts';
import { createLogger } from '../src/log.ts';

const config = loadConfig(process.env);
const app = await openApplication(config, createLogger({ level: 'error' }));
const listening = await listen(app.gateway, config.http);
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ cpu: process.cpuUsage() });
});
process.on('disconnect', async () => {
  await listening.close();
  await app.close();
});
process.send?.({ url: listening.url });
