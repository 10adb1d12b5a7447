import { execFileSync } from 'node:child_process';
import { routerContract } from '../../../../test/contract/router.contract.ts';
import { steerAndCrash } from '../../../../test/contract/router-steer.ts';
import { nginxIn } from '../../../../test/support/nginx.ts';
import { needs } from '../../../../test/support/require.ts';
import { which } from '../../../machine/program.ts';
import { openNginxRouter } from './nginx-router.ts';

routerContract('nginx', async (context, folder) => {
  needs(context, 'nginx', (await which('nginx')) !== null, 'apt-get install nginx-light');
  const nginx = await nginxIn(folder);
  const router = openNginxRouter(nginx.options);
  return {
    router,
    listen: nginx.listen,
    breaksConnections: true,
    reload: async () => {
      execFileSync('/bin/sh', ['-c', nginx.options.reload!]);
    },
    restart: nginx.restart,
    steerAndCrash: (token, traffics) => steerAndCrash('nginx', nginx.options, token, traffics, 4),
    dispose: nginx.stop,
  };
});
