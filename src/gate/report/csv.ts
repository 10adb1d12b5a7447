/** The fields of one record of CSV (RFC 4180); null when a quoted field is still open, so that the next line belongs to it. */
export function csvRecord(text: string): string[] | null {
  if (!text.includes('"')) return text.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      let end = text.indexOf('"', at + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) return null;
      field = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const comma = text.indexOf(',', at);
    field += text.slice(at, comma < 0 ? text.length : comma);
    fields.push(field);
    if (comma < 0) return fields;
    at = comma + 1;
  }
}
