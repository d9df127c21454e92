/**
 * The image's file tree without Docker: what the Dockerfile copies, built and started where nothing else is, so
 * that a file it forgets is missed here and not at a user's. What RUN does to the base image is left out.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { repository } from './repository.js';

export interface Image {
  readonly directory: string;
  /** Of the last stage. */
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

const modules = realpathSync(join(repository, 'node_modules'));

/** Builds in `root`/build and leaves the last stage in `root`/image. */
export function makeImage(root: string): Image {
  const dockerfile = readFileSync(join(repository, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const [, build = '', last = ''] = dockerfile.split(/^FROM /m);
  const [buildDir, imageDir] = [join(root, 'build'), join(root, 'image')];
  copy(build, repository, buildDir);
  // Of its own, entry by entry: the build writes into .bin, which other tests use meanwhile.
  for (const folder of ['', '.bin']) {
    mkdirSync(join(buildDir, 'node_modules', folder), { recursive: true });
    for (const name of readdirSync(join(modules, folder))) {
      const place = join(buildDir, 'node_modules', folder, name);
      if (name !== '.bin') symlinkSync(join(modules, folder, name), place);
    }
  }
  const [, script = ''] = /^RUN npm run --silent (\w+)/m.exec(build) ?? [];
  execFileSync('npm', ['run', '--silent', script], { cwd: buildDir, stdio: 'inherit' });
  copy(last, repository, imageDir, buildDir);
  const json = (pattern: RegExp): readonly string[] =>
    JSON.parse(pattern.exec(last)?.[1] ?? '[]') as string[];
  return {
    directory: imageDir,
    environment: Object.fromEntries(
      [...(/^ENV (.+)$/m.exec(last)?.[1] ?? '').matchAll(/(\w+)=(\S+)/g)].map(
        ([, name = '', value = '']) => [name, value],
      ),
    ),
    command: json(/^CMD (\[.+\])$/m),
    healthcheck: json(/^HEALTHCHECK .*CMD (\[.+\])$/m),
  };
}

/** What a stage's COPY lines say. */
function copy(stage: string, context: string, to: string, built = ''): void {
  mkdirSync(to, { recursive: true });
  for (const [, from, names = '', target = ''] of stage.matchAll(
    /^COPY (--from=build )?(.+) (\S+)$/gm,
  )) {
    for (const name of names.split(' ')) {
      const path =
        from === undefined ? join(context, name) : join(built, name.slice('/app/'.length));
      const isFolder = target.endsWith('/');
      const place = join(to, target, isFolder ? basename(name) : '');
      if (name.endsWith('/node_modules')) productionModules(place);
      else cpSync(path, place, { recursive: true });
    }
  }
}

/** What `npm prune --omit=dev` leaves, by the lock file. */
function productionModules(to: string): void {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as LockFile;
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const inside = path.slice('node_modules/'.length);
    if (path === '' || dev === true || !existsSync(join(modules, inside))) continue;
    link(join(modules, inside), join(to, inside));
  }
}

/** Without packages inside: those have entries of their own. */
function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) link(source, target);
    else if (entry.isFile()) linkOrCopy(source, target);
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // Another file system.
  }
}
