import { finite, type JsonRecord, list, record, text } from './value.ts';

/** The rules of one SARIF run: those of the driver and of its extensions. */
export class SarifRules {
  readonly #components: readonly (readonly JsonRecord[])[];
  readonly #byId = new Map<string, JsonRecord>();

  /** `tool` is the run's. */
  constructor(tool: JsonRecord = {}) {
    const components = [record(tool.driver), ...list(tool.extensions).map(record)];
    this.#components = components.map((component) => list(component.rules).map(record));
    for (const rules of this.#components) {
      for (const rule of rules) {
        const id = text(rule.id);
        if (id !== null && !this.#byId.has(id)) this.#byId.set(id, rule);
      }
    }
  }

  /** The rule of a result; null when the report does not describe it. */
  of(result: JsonRecord): JsonRecord | null {
    const reference = record(result.rule);
    const index = finite(result.ruleIndex) ?? finite(reference.index);
    // Extensions count from 0; a rule without a component is the driver's.
    const component = finite(record(reference.toolComponent).index);
    const byIndex =
      index === null ? undefined : this.#components[component === null ? 0 : component + 1]?.[index];
    if (byIndex) return byIndex;
    const id = text(result.ruleId) ?? text(reference.id);
    return id === null ? null : this.#byIdOrParent(id);
  }

  /** The level that a rule gives to its results. */
  level(rule: JsonRecord | null): string {
    return text(record(rule?.defaultConfiguration).level) ?? 'warning';
  }

  /** `CA2101/1` is a case of `CA2101`. */
  #byIdOrParent(id: string): JsonRecord | null {
    for (let part = id; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('/')))) {
      const rule = this.#byId.get(part);
      if (rule) return rule;
    }
    return null;
  }
}
