import { parseExpression } from '../../expression-syntax.ts';
import { splitTemplate } from '../../expression-template.ts';
import type { ScalarNode } from '../../native/node.ts';
import type { Problems } from '../../native/problem.ts';
import { spanInText } from '../../native/text-place.ts';

/** Of the event, what whoever opens a pull request or an issue, or makes a commit, may write as they like. */
const FREE_TEXT =
  /\bgithub\s*\.\s*(?:head_ref\b|event\s*(?:\)|$|\.(?!repository\.(?:name|full_name|default_branch)\b)[\s\w.*[\]'-]*?(?:title|body|message|name|email|page_name|label|ref|branch|default_branch|head_branch|description|input|client_payload)\b))/i;

/** The most of one script: each place is found by walking its text. */
const SHOWN_MAX = 20;

/**
 * Warns of text of the event that a script is made from: it could be any command. `variables`: those that the script's `env`
 * context has, by which the text may come too.
 */
export function reportInjection(
  script: ScalarNode,
  variables: Readonly<Record<string, string>>,
  problems: Problems,
): void {
  if (typeof script.value !== 'string' || !script.value.includes('${{')) return;
  const reported = new Set<string>();
  for (const part of splitTemplate(script.value).parts) {
    if (part.kind === 'text') continue;
    const source = part.source.trim();
    const found = FREE_TEXT.exec(source)?.[0] ?? byVariable(part.source, variables);
    if (!found || reported.has(source)) continue;
    if (reported.size >= SHOWN_MAX) return;
    reported.add(source);
    const start = part.offset + (part.source.length - part.source.trimStart().length);
    const name = variableName(source);
    problems.warn(
      'script-injection',
      spanInText(script, start, source.length),
      'text from the event becomes a part of the script: whoever writes it can run any command',
      {
        suggestion: isEnv(source)
          ? `use the variable itself: "$${name}"`
          : `give it to the step under \`env: {${name}: "\${{ ${source} }}"}\` and write "$${name}"`,
      },
    );
  }
}

function isEnv(source: string): boolean {
  return /^env\s*\.\s*\w+$/i.test(source);
}

/** What a variable that the expression names has of the event. */
function byVariable(source: string, variables: Readonly<Record<string, string>>): string | undefined {
  const parsed = parseExpression(source);
  if (!parsed.ok) return undefined;
  for (const { context, property } of parsed.properties) {
    if (context.toLowerCase() !== 'env' || !Object.hasOwn(variables, property)) continue;
    for (const part of splitTemplate(variables[property]!).parts) {
      const found = part.kind === 'expression' && FREE_TEXT.exec(part.source.trim());
      if (found) return found[0];
    }
  }
  return undefined;
}

/** `github.event.pull_request.title` -> `TITLE`. */
function variableName(source: string): string {
  const word = /(\w+)\W*$/.exec(source)?.[1] ?? 'TEXT';
  return isEnv(source) ? word : word.toUpperCase();
}
