import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findBinary } from './required-binaries.ts'
import { type CommandOptions, type CommandResult, runCommand } from './run-command.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import type { TlsFront } from './tls-front.ts'

/** How a workspace reaches the network, and which client works in it. */
export interface WorkspaceOptions {
  /** Files of the configuration by path, for example `main.tf`. */
  readonly files?: Readonly<Record<string, string>>
  /** Text of the CLI configuration file (`.terraformrc`). */
  readonly cliConfig?: string
  /**
   * The configuration is where the client looks by itself, `~/.terraformrc`. Only then does it read the tokens that it keeps in
   * `~/.terraform.d` (protocol.md E15b).
   */
  readonly readsOwnCredentials?: boolean
  /** Every host is reached through it and trusted by its authority. */
  readonly front?: Pick<TlsFront, 'proxyUrl' | 'caPath'>
  /** File of a trusted authority where there is no front. */
  readonly caPath?: string
  /** Default `terraform`. */
  readonly binary?: 'terraform' | 'tofu'
}

/** How the client ended. */
export interface ClientResult extends CommandResult {
  /** The output without frames and line breaks: the client breaks its messages at 78 columns. */
  readonly text: string
}

/** A configuration with its own home: no credential, plugin cache or setting of this machine takes part. */
export interface TerraformWorkspace extends Disposable {
  /** Folder of the configuration. */
  readonly path: string
  /** The client's home folder. */
  readonly home: string
  /**
   * Runs the client; a failure is a result. `env` adds to its environment.
   * @throws when the client crashed (exit code 11): no answer of a registry may do that (protocol.md R-2).
   */
  run(args: readonly string[], env?: Readonly<Record<string, string>>, talk?: CommandOptions['talk']): Promise<ClientResult>
  write(file: string, text: string): void
  /** `undefined` where there is no such file. */
  read(file: string): string | undefined
  /** Replaces the CLI configuration file. */
  configure(cliConfig: string): void
  /** Back to before `init`: forgets installed providers, and the lock file unless it is to stay. */
  clean(options?: { readonly keepLockFile?: boolean }): void
  remove(): void
}

/** Makes the folders of a workspace. Needs the client: see `reportMissing`. */
export function createWorkspace(options: WorkspaceOptions = {}): TerraformWorkspace {
  const folder = makeTemporaryFolder('workspace')
  const [path, home, temporary] = ['work', 'home', 'tmp'].map((name) => join(folder.path, name)) as [string, string, string]
  for (const part of [path, home, temporary]) mkdirSync(part)
  const { readsOwnCredentials = false } = options
  // The client makes it by itself only when it may check for updates.
  if (readsOwnCredentials) mkdirSync(join(home, '.terraform.d'))
  const cliConfigPath = readsOwnCredentials ? join(home, '.terraformrc') : join(folder.path, 'cli.tfrc')
  const configure = (text: string): void => writeFileSync(cliConfigPath, text)
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text)
  }
  configure(options.cliConfig ?? '')
  for (const [file, text] of Object.entries(options.files ?? {})) write(file, text)
  const places = { HOME: home, TMPDIR: temporary, ...(!readsOwnCredentials && { TF_CLI_CONFIG_FILE: cliConfigPath }) }
  const environment: Record<string, string> = { ...networkVariables(options), ...places }
  return {
    path,
    home,
    async run(args, env = {}, talk = undefined) {
      const place = { cwd: path, env: { ...environment, ...env }, ...(talk !== undefined && { talk }) }
      return clientResult(await runCommand(requireBinary(options.binary ?? 'terraform'), args, place))
    },
    write,
    read: (file) => readIfThere(join(path, file)),
    configure,
    clean({ keepLockFile = false } = {}) {
      rmSync(join(path, '.terraform'), { recursive: true, force: true })
      if (!keepLockFile) rmSync(join(path, '.terraform.lock.hcl'), { force: true })
    },
    remove: folder.remove,
    [Symbol.dispose]: folder.remove,
  }
}

const CRASHED = 11

function clientResult(result: CommandResult): ClientResult {
  if (result.code === CRASHED) throw new Error(`The client crashed:\n${result.output}`)
  return { ...result, text: result.output.replace(/[│╷╵\s]+/g, ' ') }
}

function networkVariables({ front, caPath = front?.caPath }: WorkspaceOptions): Record<string, string> {
  const proxy = front === undefined ? {} : { HTTPS_PROXY: front.proxyUrl, HTTP_PROXY: front.proxyUrl, NO_PROXY: '' }
  // Without the folder Go would add the authorities of the system.
  const trust = caPath === undefined ? {} : { SSL_CERT_FILE: caPath, SSL_CERT_DIR: join(dirname(caPath), 'none') }
  return { PATH: process.env.PATH ?? '', CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', ...proxy, ...trust }
}

function requireBinary(name: 'terraform' | 'tofu'): string {
  const path = findBinary(name)
  if (path === undefined) throw new Error(`"${name}" is missing: guard the test with reportMissing`)
  return path
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
