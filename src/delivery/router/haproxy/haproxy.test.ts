import { routerContract } from '../../../../test/contract/router.contract.ts';
import { steerAndCrash } from '../../../../test/contract/router-steer.ts';
import { haproxyIn } from '../../../../test/support/haproxy.ts';
import { needs } from '../../../../test/support/require.ts';
import { which } from '../../../machine/program.ts';
import { openHaproxyRouter } from './haproxy-router.ts';

routerContract('HAProxy', async (context, folder) => {
  needs(context, 'HAProxy', (await which('haproxy')) !== null, 'apt-get install haproxy');
  const haproxy = await haproxyIn(folder);
  const router = openHaproxyRouter(haproxy.options);
  return {
    router,
    listen: haproxy.listen,
    breaksConnections: false,
    reload: haproxy.reload,
    restart: haproxy.restart,
    steerAndCrash: (token, traffics) => steerAndCrash('haproxy', haproxy.options, token, traffics, 20),
    dispose: haproxy.stop,
  };
});
