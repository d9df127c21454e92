/**
 * The uWebSockets.js binary of this platform and Node ABI: is it there, is it the one that was pinned, and does
 * it load here? It is loaded in a process of its own, because a binary for another C library may take the
 * process with it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** SHA-256 of the binaries in uwebsockets@3.0.6, whose tarball package-lock.json pins by its integrity. */
const PINNED: Readonly<Record<string, string>> = {
  'uws_linux_x64_115.node': 'f4fa5d7b697529b45ac8aa3d57385d9af51bc1d2b26aa9f5b68ca4361542e665',
  'uws_linux_x64_127.node': '78e38a9a163b1cf33ce539619e5908111dea95a12e7943d95fbcdd524879caa8',
  'uws_linux_x64_137.node': '3b549c14e01d9d1faf234cdf4b6f0fb08158605e3692cd0eb1b905e327bd3449',
  'uws_linux_arm64_115.node': '034e0fcccdc08f90df3b130f421516311831b1352fe38eab91abc2984c2fdf3a',
  'uws_linux_arm64_127.node': 'a7d9bc3ec166421a49416d5ea4f49118ae68ea1dbf8a765c4f45a79b0b6adb13',
  'uws_linux_arm64_137.node': 'b6eb007d627e00bcce03ad38f197124e9027c03f6fe784b37f97b8a6ea709cb4',
  'uws_darwin_x64_115.node': '7552dc27e278be4a5f9ca4f571676e9046929ef8753b1bb63b84f78e1a752a11',
  'uws_darwin_x64_127.node': '1bcd63a9cd5cda811d899b80f9b1f7c9f29d128feafebe6976069ab1045a0335',
  'uws_darwin_x64_137.node': '7df6e0b2be43048200370a64ee91d6563879f5d3b0207f846dc81377ffc4e189',
  'uws_darwin_arm64_115.node': 'f6132ac4d0954ce32ed716d5b367270904c5885bc6e01dcc8ae5809a8967d504',
  'uws_darwin_arm64_127.node': '84ab0c487fbbb895afbfa24c7ac02db5922b2eb468b3a4663aaca52af29b420c',
  'uws_darwin_arm64_137.node': 'dd7623e7e600dcc1384c4a639ac05849f0c27125be8c431b702e0513e86613f0',
};

export type UwsBinary =
  | { readonly state: 'absent'; readonly reason: string }
  /** The package is there and has no binary for this platform and Node.js version. */
  | { readonly state: 'unsupported'; readonly reason: string }
  | { readonly state: 'changed'; readonly file: string }
  | { readonly state: 'does-not-load'; readonly file: string; readonly reason: string }
  /** `isPinned` false: a platform whose hash nobody has written down. */
  | { readonly state: 'loads'; readonly file: string; readonly isPinned: boolean };

const LOAD_TIMEOUT_MS = 10_000;
const LOAD_SCRIPT = 'process.dlopen({ exports: {} }, process.argv[1])';

/** `directory`: where the package is; default: where Node.js finds it. Never rejects. */
export async function inspectUwsBinary(directory = packageDirectory()): Promise<UwsBinary> {
  const { platform, arch, versions } = process;
  const name = `uws_${platform}_${arch}_${versions.modules}.node`;
  if (directory === null) return { state: 'absent', reason: 'the package is not installed' };
  const file = join(directory, name);
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) {
    return {
      state: 'unsupported',
      reason: `it has no ${name} (this platform and Node.js version)`,
    };
  }
  const expected = PINNED[name];
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (expected !== undefined && expected !== hash) return { state: 'changed', file };
  const reason = await loadProblem(file);
  if (reason !== null) return { state: 'does-not-load', file, reason };
  return { state: 'loads', file, isPinned: expected !== undefined };
}

function packageDirectory(): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve('uWebSockets.js/package.json'));
  } catch {
    return null; // An optional dependency that was left out.
  }
}

function loadProblem(file: string): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { timeout: LOAD_TIMEOUT_MS, encoding: 'utf8' } as const;
    execFile(process.execPath, ['-e', LOAD_SCRIPT, file], options, (error, _stdout, stderr) => {
      if (error === null) resolve(null);
      else resolve(/^Error: (.+)$/m.exec(stderr)?.[1] ?? error.message.split('\n')[0] ?? '');
    });
  });
}
