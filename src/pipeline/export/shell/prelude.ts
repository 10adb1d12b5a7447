/** The names under which steps find the files that they write for the steps after them. */
const FILES = {
  output: ['SLUICE_OUTPUT', 'GITHUB_OUTPUT'],
  env: ['SLUICE_ENV', 'GITHUB_ENV'],
  path: ['SLUICE_PATH', 'GITHUB_PATH'],
  summary: ['SLUICE_SUMMARY', 'GITHUB_STEP_SUMMARY'],
} as const;
export type StepFile = keyof typeof FILES;

/** Which of the files the scripts name. */
export function filesUsed(scripts: string): StepFile[] {
  return (Object.keys(FILES) as StepFile[]).filter((file) =>
    FILES[file].some((name) => new RegExp(`\\b${name}\\b`).test(scripts)),
  );
}

/** Makes the files, and the function that reads them after a step: `sluice_after ID`. */
export function filesPrelude(files: readonly StepFile[], scripts: string): string {
  const names = files.flatMap((file) =>
    FILES[file].filter((name) => scripts.includes(name)).map((name) => `${name}="$SLUICE_FILES/${file}"`),
  );
  if (files.every((file) => file === 'summary'))
    return `export ${names.map((name) => name.replace(/=.*/, '=/dev/null')).join(' ')}`;
  return `SLUICE_FILES=$(mktemp -d)
export ${names.join(' ')}
# Makes variables of the NAME=value lines, and of the NAME<<END blocks, of a file.
sluice_read() {
  while IFS= read -r line || [ -n "$line" ]; do
    name=\${line%%=*} marked=\${line%%<<*} value=\${line#*=}
    if [ "\${#marked}" -lt "\${#name}" ]; then
      end=\${line#*<<} name=$marked value= join=
      while IFS= read -r line && [ "$line" != "$end" ]; do
        value=$value$join$line join='
'
      done
    fi
    [ -z "$name" ] || export "$2$(printf %s "$name" | tr -c 'A-Za-z0-9_' _)=$value"
  done < "$1"
}
sluice_after() {
  if [ -f "$SLUICE_FILES/output" ]; then sluice_read "$SLUICE_FILES/output" "STEPS_$1_"; fi
  if [ -f "$SLUICE_FILES/env" ]; then sluice_read "$SLUICE_FILES/env" ''; fi
  if [ -f "$SLUICE_FILES/path" ]; then
    while IFS= read -r line; do PATH=$line:$PATH; done < "$SLUICE_FILES/path"
  fi
  rm -f "$SLUICE_FILES"/*
}`;
}
