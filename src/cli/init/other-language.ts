import type { Detector } from './project.ts';

/** go.mod. */
export const detectGo: Detector = async (project) => {
  if (!(await project.has('go.mod'))) return null;
  return { name: 'go', because: 'go.mod', commands: ['go build ./...', 'go vet ./...', 'go test ./...'] };
};

/** Cargo.toml. */
export const detectRust: Detector = async (project) => {
  if (!(await project.has('Cargo.toml'))) return null;
  const locked = (await project.has('Cargo.lock')) ? ' --locked' : '';
  return { name: 'rust', because: 'Cargo.toml', commands: [`cargo build${locked}`, `cargo test${locked}`] };
};

/** pom.xml or build.gradle; the project's own wrapper goes first. */
export const detectJava: Detector = async (project) => {
  if (await project.has('pom.xml')) {
    const maven = (await project.has('mvnw')) ? './mvnw' : 'mvn';
    return { name: 'java', because: 'pom.xml', commands: [`${maven} --batch-mode verify`] };
  }
  for (const because of ['build.gradle', 'build.gradle.kts']) {
    if (!(await project.has(because))) continue;
    const gradle = (await project.has('gradlew')) ? './gradlew' : 'gradle';
    return { name: 'java', because, commands: [`${gradle} --no-daemon build`] };
  }
  return null;
};

/** *.sln or *.csproj. */
export const detectCSharp: Detector = async (project) => {
  const because = (await project.list('.')).find((name) => /\.(sln|slnx|csproj)$/.test(name));
  if (because === undefined) return null;
  return {
    name: 'csharp',
    because,
    commands: ['dotnet restore', 'dotnet build --no-restore', 'dotnet test --no-build'],
  };
};

/** Gemfile: RSpec or Rake, whichever the project has. */
export const detectRuby: Detector = async (project) => {
  const gemfile = await project.read('Gemfile');
  if (gemfile === null) return null;
  const commands = ['bundle config set --local path vendor/bundle', 'bundle install'];
  const rakefile = (await project.read('Rakefile')) ?? '';
  if ((await project.list('spec')).length > 0) commands.push('bundle exec rspec');
  else if (/default|:test\b|TestTask/.test(rakefile))
    commands.push(`bundle exec rake${/TestTask|:test\b/.test(rakefile) ? ' test' : ''}`);
  return { name: 'ruby', because: 'Gemfile', commands };
};

/** Targets worth making, in this order; only those that the Makefile has. */
const TARGETS = ['lint', 'check', 'build', 'all', 'test'];

/** Makefile; asked only when no language was found. */
export const detectMake: Detector = async (project) => {
  for (const because of ['Makefile', 'makefile', 'GNUmakefile']) {
    const text = await project.read(because);
    if (text === null) continue;
    const targets = new Set([...text.matchAll(/^([A-Za-z0-9_.-]+)\s*:(?!=)/gm)].map((match) => match[1]));
    const wanted = TARGETS.filter(
      (target) => targets.has(target) && !(target === 'all' && targets.has('build')),
    );
    return {
      name: 'make',
      because,
      commands: wanted.length > 0 ? wanted.map((target) => `make ${target}`) : ['make'],
    };
  }
  return null;
};
