import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, LIKELY, type ReportParser, type ReportReader } from './contract.ts';
import { CycloneDxJsonReader } from './cyclonedx-json.ts';
import { CycloneDxXmlReader } from './cyclonedx-xml.ts';

/** CycloneDX bills of materials, as JSON or XML: components, licences, and vulnerabilities with what was decided of them (VEX). */
export const cyclonedx: ReportParser = {
  kind: 'cyclonedx',
  title: 'CycloneDX bill of materials',
  infer: ({ json, jsonKeys, xmlRoot, text, name }) => {
    if (xmlRoot === 'bom') return CERTAIN;
    if (json !== 'object') return 0;
    if (jsonKeys.has('bomFormat')) return CERTAIN;
    return /cyclonedx/i.test(text) && (/bom|cdx/.test(name) || jsonKeys.has('specVersion')) ? LIKELY : 0;
  },
  open: (sink) => new EitherReader(sink),
};

/** Waits for the first character that is no space to know whether it is XML. */
class EitherReader implements ReportReader {
  readonly #sink: FactSink;
  #reader: ReportReader | null = null;

  constructor(sink: FactSink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void {
    if (!this.#reader) {
      const first = chunk.find((byte) => byte > 0x20 && byte < 0x80);
      if (first === undefined) return;
      this.#reader =
        first === 0x3c ? new CycloneDxXmlReader(this.#sink) : new CycloneDxJsonReader(this.#sink);
    }
    this.#reader.write(chunk);
  }

  end(): Figures {
    return (this.#reader ?? new CycloneDxJsonReader(this.#sink)).end();
  }
}
