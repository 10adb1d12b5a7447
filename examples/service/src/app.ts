import { Hono } from 'hono';
import { normalAddress } from './address.ts';
import { LinkStore } from './link-store.ts';
import type { Log } from './log.ts';

export interface AppOptions {
  readonly version: string;
  readonly commit: string;
  readonly log: Log;
  /** False from the moment the service was asked to stop, so that no new traffic is sent to it. */
  readonly isReady: () => boolean;
}

/** The service as a function from request to response; no port is opened here. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  const links = new LinkStore();

  app.use(async (context, next) => {
    const startedAtMs = performance.now();
    await next();
    options.log('request', {
      method: context.req.method,
      path: context.req.path,
      status: context.res.status,
      durationMs: Math.round(performance.now() - startedAtMs),
    });
  });

  app.get('/health/live', (context) => context.json({ status: 'live' }));
  app.get('/health/ready', (context) =>
    options.isReady() ? context.json({ status: 'ready' }) : context.json({ status: 'stopping' }, 503),
  );
  app.get('/version', (context) => context.json({ version: options.version, commit: options.commit }));

  app.post('/links', async (context) => {
    const body = await context.req.json().catch(() => null);
    const url = normalAddress(body?.url);
    if (url === null) {
      return context.json({ error: 'send {"url": "https://..."} with an http or https address' }, 400);
    }
    return context.json(links.add(url), 201);
  });
  app.get('/links/:code', (context) => {
    const link = links.find(context.req.param('code'));
    return link === null ? context.notFound() : context.json(link);
  });
  app.get('/:code', (context) => {
    const url = links.follow(context.req.param('code'));
    return url === null ? context.notFound() : context.redirect(url);
  });

  app.notFound((context) => context.json({ error: 'there is no such link' }, 404));
  app.onError((error, context) => {
    options.log('error', { path: context.req.path, message: error.message });
    return context.json({ error: 'internal error' }, 500);
  });
  return app;
}
