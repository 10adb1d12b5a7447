import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import { type Context, EXIT } from '../context.ts';
import type { PinnedAction } from '../ports.ts';
import { tableLines } from '../table.ts';

const ACTIONS = ['list', 'update'];

/** `sluice action list|update`: which actions of others the workflows run, and what their names mean now. */
export async function perform(context: Context, given: readonly string[]): Promise<number> {
  const [action = 'list', ...names] = given;
  if (!ACTIONS.includes(action))
    throw userError(
      'bad-argument',
      `sluice action cannot ${visible(action)}`,
      `it can ${ACTIONS.join(', ')}`,
    );
  const { path } = await context.ports.repository(null);
  const actions = await context.ports.actions(context.settings);
  return action === 'list' ? list(context, await actions.list(path)) : update(context, actions, path, names);
}

function list(context: Context, pins: readonly PinnedAction[]): number {
  if (context.json) context.printJson(pins);
  else if (pins.length === 0) context.print('no action of others is pinned; their first use does it');
  else {
    const rows = pins.map((pin) => [
      visible(`${pin.repository}@${pin.ref}`),
      pin.kind,
      short(pin.commit ?? pin.content),
      pin.movedTo === null ? (pin.isHere ? 'here' : 'not here') : `now ${short(pin.movedTo)}`,
    ]);
    const columns = [
      { heading: 'action', widthMin: 16 },
      { heading: 'kind' },
      { heading: 'pinned' },
      { heading: 'state' },
    ];
    context.print(tableLines(columns, rows, context.look));
  }
  return EXIT.done;
}

async function update(
  context: Context,
  actions: Awaited<ReturnType<Context['ports']['actions']>>,
  path: string,
  names: readonly string[],
): Promise<number> {
  const renewed = await actions.update(path, names);
  if (context.json) context.printJson(renewed);
  else if (renewed.length === 0) context.print('nothing is pinned that could be renewed');
  else
    context.print(
      renewed.map(({ name, before, after }) =>
        before === after
          ? `${visible(name)} is still ${short(after)}`
          : `${visible(name)} is ${short(after)}${before === null ? '' : `, was ${short(before)}`}`,
      ),
    );
  return EXIT.done;
}

/** The beginning of a commit or of a digest. */
function short(text: string): string {
  return text.replace('sha256:', '').slice(0, 12);
}
