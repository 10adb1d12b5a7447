import type { FactSink } from '../facts/facts.ts';
import { type Figures, ReportError, type ReportReader } from './contract.ts';
import { decidedBy, higherRating, ratingFinding } from './cyclonedx-vulnerability.ts';
import { Doubts } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

interface OpenComponent {
  readonly depth: number;
  readonly type: string;
  name: string;
  group: string;
  version: string | null;
  purl: string | null;
  readonly licences: string[];
}

interface OpenVulnerability {
  readonly depth: number;
  id: string;
  rating: string | null;
  description: string;
  affects: string | null;
  state: string | null;
  justification: string | null;
  readonly scores: number[];
}

/** Reads CycloneDX XML. What stands in the metadata describes the bill and is no part of it. */
export class CycloneDxXmlReader implements ReportReader, XmlHandler {
  readonly roots = ['bom'];
  readonly what = 'a CycloneDX bill of materials';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #path: string[] = [];
  readonly #open: OpenComponent[] = [];
  #vulnerability: OpenVulnerability | null = null;
  #text: string[] | null = null;
  #specVersion: string | null = null;
  #top = 0;
  #all = 0;
  #withPurl = 0;
  #dependencies = 0;
  #vulnerabilities = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    if (this.#all === 0 && this.#vulnerabilities === 0)
      this.#doubts.add('empty', 'the bill of materials is empty');
    this.#doubts.end();
    return {
      parse: 'ok',
      encoding: 'xml',
      specVersion: this.#specVersion,
      components_top: this.#top,
      components_all: this.#all,
      components_with_purl: this.#withPurl,
      dependency_entries: this.#dependencies,
      vulnerabilities: this.#vulnerabilities,
    };
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    const path = this.#path;
    path.push(name);
    if (path.length === 1) this.#begin(attributes, place);
    if (path[1] === 'metadata') return;
    const parent = path.at(-2);
    if (name === 'component' && parent === 'components') this.#beginComponent(attributes);
    else if (name === 'dependency' && path.length === 3) this.#dependencies++;
    else if (name === 'vulnerability' && parent === 'vulnerabilities') this.#beginVulnerability();
    if (TEXTS.has(name)) {
      this.#text = [];
      place.wantText(true);
    }
  }

  text(text: string): void {
    this.#text?.push(text);
  }

  close(name: string): void {
    const depth = this.#path.length;
    if (this.#text && TEXTS.has(name)) this.#take(name, this.#text.join('').trim(), depth);
    if (this.#text) {
      this.#text = null;
      this.#xml.wantText(false);
    }
    if (this.#open.at(-1)?.depth === depth) this.#endComponent(this.#open.pop()!);
    if (this.#vulnerability?.depth === depth) this.#endVulnerability(this.#vulnerability);
    this.#path.pop();
  }

  #begin(attributes: XmlAttributes, { line, column }: XmlPlace): void {
    for (const value of Object.values(attributes)) {
      this.#specVersion ??= /^https?:\/\/cyclonedx\.org\/schema\/bom\/(\d[\w.]*)$/.exec(value)?.[1] ?? null;
    }
    if (this.#specVersion === null) {
      throw new ReportError('report-not-this-kind', 'its namespace is not that of CycloneDX', {
        line,
        column,
      });
    }
  }

  #beginComponent(attributes: XmlAttributes): void {
    this.#all++;
    if (this.#path.length === 3) this.#top++;
    const type = attributes.type ?? '';
    const depth = this.#path.length;
    this.#open.push({ depth, type, name: '', group: '', version: null, purl: null, licences: [] });
  }

  #endComponent({ type, name, group, version, purl, licences }: OpenComponent): void {
    if (purl !== null) this.#withPurl++;
    this.#sink.component({ name: group === '' ? name : `${group}/${name}`, version, purl, type, licences });
  }

  #beginVulnerability(): void {
    // Before 1.4 an extension put them into their component.
    if (this.#path.length === 3) this.#vulnerabilities++;
    this.#vulnerability = {
      ...{ depth: this.#path.length, id: '', rating: null, description: '', affects: null },
      ...{ state: null, justification: null, scores: [] },
    };
  }

  #endVulnerability(open: OpenVulnerability): void {
    this.#vulnerability = null;
    this.#sink.finding(
      ratingFinding({
        id: open.id,
        rating: open.rating ?? 'unknown',
        description: open.description,
        affects: open.affects ?? this.#open.at(-1)?.name ?? null,
        aliases: [],
        suppressed: decidedBy(open.state, open.justification),
        score: open.scores.length > 0 ? Math.max(...open.scores) : null,
      }),
    );
  }

  #take(name: string, text: string, depth: number): void {
    const parent = this.#path.at(-2);
    const vulnerability = this.#vulnerability;
    if (vulnerability) {
      takeOfVulnerability(vulnerability, name, text, parent, depth);
      return;
    }
    const component = this.#open.at(-1);
    if (!component || text === '') return;
    if (depth === component.depth + 1) {
      if (name === 'name' || name === 'group') component[name] = text;
      else if (name === 'version' || name === 'purl') component[name] = text;
    } else if (parent === 'license' && (name === 'id' || name === 'name')) component.licences.push(text);
    else if (parent === 'licenses' && name === 'expression') component.licences.push(text);
  }
}

/** Elements whose text is read. */
const TEXTS = new Set(
  'name group version purl id expression severity score description state justification ref'.split(' '),
);

function takeOfVulnerability(
  open: OpenVulnerability,
  name: string,
  text: string,
  parent: string | undefined,
  depth: number,
): void {
  if (depth === open.depth + 1 && (name === 'id' || name === 'description')) open[name] = text;
  else if (parent === 'rating' && name === 'severity')
    open.rating = higherRating(open.rating, text.toLowerCase());
  else if (parent === 'rating' && name === 'score' && Number.isFinite(Number(text)))
    open.scores.push(Number(text));
  else if (parent === 'analysis' && (name === 'state' || name === 'justification')) open[name] = text;
  else if (parent === 'target' && name === 'ref') open.affects ??= text;
}
