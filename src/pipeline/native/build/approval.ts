import type * as z from 'zod';
import type { ApprovalField, ApprovalRequest } from '../../plan-approval.ts';
import { type Problems, shown } from '../problem.ts';
import type { approval, approvalFieldSchema } from '../schema/approval.ts';
import { nodeAt } from '../value.ts';
import { durationMs, listOf, placeOfNode } from './text.ts';

type Definition = z.input<ReturnType<typeof approval>>;

/** The approval that a job is or a stage begins with; null where there is none. */
export function approvalOf(
  container: { readonly approval?: Definition },
  problems: Problems,
): ApprovalRequest | null {
  const given = container.approval;
  if (given === undefined) return null;
  const definition =
    given === true
      ? {}
      : typeof given === 'number'
        ? { count: given }
        : (given as Exclude<Definition, true | number>);
  const approvers = listOf(definition.approvers);
  const count = definition.count ?? 1;
  const onlyPeople = approvers.length > 0 && approvers.every((name) => !name.startsWith('team/'));
  if (onlyPeople && new Set(approvers).size < count) {
    problems.error(
      'bad-approval',
      nodeAt(definition, 'count'),
      `${count} people must agree, but there are ${new Set(approvers).size} approvers`,
      { suggestion: 'name more approvers, or ask for fewer' },
    );
  }
  return {
    message: definition.message ?? null,
    approvers,
    count,
    authorAllowed: definition.author ?? false,
    form: formOf(definition.form, problems),
    expiresAfterMs: durationMs(definition.expires, null),
    onExpiry: definition.on_expiry ?? 'reject',
    place: placeOfNode(nodeAt(container, 'approval')),
  };
}

type Form = Readonly<Record<string, string | z.input<typeof approvalFieldSchema>>>;

function formOf(form: Form | undefined, problems: Problems): Record<string, ApprovalField> {
  const fields: Record<string, ApprovalField> = {};
  for (const [name, given] of Object.entries(form ?? {})) {
    const definition = typeof given === 'string' ? { description: given } : given;
    const options = (definition.options ?? []).map(String);
    const value = definition.default === undefined ? null : String(definition.default);
    if (options.length > 0 && value !== null && !options.includes(value)) {
      problems.error(
        'bad-default',
        nodeAt(definition, 'default'),
        `the default ${shown(value)} is not one of the options`,
        { suggestion: `choose one of ${options.join(', ')}` },
      );
    }
    const kind = definition.type ?? (options.length > 0 ? 'choice' : 'text');
    if ((kind === 'choice') !== options.length > 0) {
      problems.error(
        'bad-approval',
        nodeAt(form!, name),
        kind === 'choice'
          ? `the field ${shown(name)} has no \`options\``
          : `\`options\` need \`type: choice\``,
        { suggestion: kind === 'choice' ? 'add `options`' : 'remove `type`' },
      );
    }
    fields[name] = {
      description: definition.description ?? name,
      kind,
      required: definition.required ?? false,
      default: value,
      options,
    };
  }
  return fields;
}
