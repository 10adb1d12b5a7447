import type { FactSink } from '../facts/facts.ts';
import { type Figures, ReportError, type ReportReader } from './contract.ts';
import { decidedBy, higherRating, ratingFinding } from './cyclonedx-vulnerability.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, finite, isRecord, type JsonRecord, list, record, tallies, tally, text } from './value.ts';

const LISTS = ['components', 'vulnerabilities', 'dependencies', 'services'];

/** Reads CycloneDX JSON. Components within components count too. */
export class CycloneDxJsonReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = LISTS.map((name) => [name]);
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #format: unknown = null;
  #specVersion: string | null = null;
  #top = 0;
  #all = 0;
  #withPurl = 0;
  #services = 0;
  #dependencies = 0;
  #vulnerabilities = 0;
  readonly #ratings = tallies();
  readonly #types = tallies();

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (this.#format !== 'CycloneDX') throw notCycloneDx('bomFormat is not CycloneDX', '/bomFormat');
    if (this.#all === 0 && this.#vulnerabilities === 0)
      this.#doubts.add('empty', 'the bill of materials is empty');
    this.#doubts.end();
    return {
      parse: 'ok',
      encoding: 'json',
      specVersion: this.#specVersion,
      components_top: this.#top,
      components_all: this.#all,
      components_with_purl: this.#withPurl,
      services: this.#services,
      dependency_entries: this.#dependencies,
      vulnerabilities: this.#vulnerabilities,
      vulns_by_max_rating: { ...this.#ratings },
      types: { ...this.#types },
    };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if ((path.length === 0) !== (kind === 'object')) {
      throw notCycloneDx(path.length === 0 ? 'it is a list' : `${path[0]} is no list`, pointerOf(path));
    }
  }

  value(path: JsonPath, value: unknown): void {
    const [key] = path;
    if (path.length === 0) throw notCycloneDx('it is no object');
    if (path.length === 1) {
      if (key === 'bomFormat') this.#format = value;
      else if (key === 'specVersion') this.#specVersion = text(value);
      else if (LISTS.includes(String(key)) && value !== null)
        throw notCycloneDx(`${key} is no list`, pointerOf(path));
      return;
    }
    if (!isRecord(value)) throw notCycloneDx('an entry is no object', pointerOf(path));
    if (key === 'components') {
      this.#top++;
      this.#component(value);
    } else if (key === 'services') this.#services++;
    else if (key === 'dependencies') this.#dependencies++;
    else this.#vulnerability(value);
  }

  #component(component: JsonRecord): void {
    const type = text(component.type) ?? '';
    const group = text(component.group);
    const name = text(component.name) ?? '';
    this.#all++;
    tally(this.#types, type);
    if (text(component.purl) !== null) this.#withPurl++;
    this.#sink.component({
      name: group === null ? name : `${group}/${name}`,
      version: text(component.version),
      purl: text(component.purl),
      type,
      licences: licencesOf(component),
    });
    for (const inner of list(component.components)) this.#component(record(inner));
  }

  #vulnerability(vulnerability: JsonRecord): void {
    this.#vulnerabilities++;
    const ratings = list(vulnerability.ratings).map(record);
    const worst = ratings.map((one) => text(one.severity)).reduce(higherRating, null) ?? 'unknown';
    tally(this.#ratings, worst);
    const analysis = record(vulnerability.analysis);
    const scores = ratings.map((one) => finite(one.score)).filter((score) => score !== null);
    this.#sink.finding(
      ratingFinding({
        id: text(vulnerability.id) ?? '',
        rating: worst,
        description: text(vulnerability.description) ?? '',
        affects: text(record(list(vulnerability.affects)[0]).ref),
        aliases: list(vulnerability.references).flatMap((one) => text(record(one).id) ?? []),
        suppressed: decidedBy(text(analysis.state), text(analysis.justification)),
        score: scores.length > 0 ? Math.max(...scores) : null,
      }),
    );
  }
}

function licencesOf(component: JsonRecord): string[] {
  return list(component.licenses).flatMap((one) => {
    const { license, expression } = record(one);
    return text(expression) ?? text(record(license).id) ?? text(record(license).name) ?? [];
  });
}

function notCycloneDx(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no CycloneDX bill of materials: ${cause}`, {
    pointer,
  });
}
