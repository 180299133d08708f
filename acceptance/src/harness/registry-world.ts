import { type FakeUpstream, startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { createRegistryApi, type RegistryApi } from './registry-api.ts'
import { startTerrace, type TerraceOptions, type TerraceServer } from './terrace-server.ts'
import { createWorkspace, type TerraformWorkspace, type WorkspaceOptions } from './terraform-cli.ts'
import { startTlsFront, type TlsFront } from './tls-front.ts'

/** Our server as a provider registry. */
export const REGISTRY = 'registry.example.com'
/** Our server as a network mirror. */
export const MIRROR = 'mirror.example.com'
/** Somebody else's registry: our server reads from it, and clients may ask it directly. */
export const UPSTREAM = 'upstream.example.com'
/** The same under a name that is not ASCII, `café.example.com`. */
export const IDN_UPSTREAM = 'xn--caf-dma.example.com'

/** A server, an upstream that it reads from, and clients that reach both by name. */
export interface World extends AsyncDisposable {
  readonly server: TerraceServer
  /** Text of its configuration file, to start it again on the same data. */
  readonly config: string
  readonly api: RegistryApi
  readonly upstream: FakeUpstream
  readonly front: TlsFront
  /** A folder for the client, with the front as its network. */
  workspace(options?: Omit<WorkspaceOptions, 'front'>): TerraformWorkspace
  close(): Promise<void>
}

export interface WorldOptions extends TerraceOptions {
  /** Lines of configuration instead of those by which the server believes the front, its reverse proxy. */
  readonly edge?: string
}

const BEHIND_FRONT = `
  server {
    behind_proxy    = true
    trusted_proxies = ["127.0.0.1/32"]
  }
`

/** Starts all of it on loopback; `options.config` is added to the server's configuration. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { edge = BEHIND_FRONT, config = '', ...rest } = options
  const upstream = await startFakeUpstream()
  const wholeConfig = upstreamConfig(upstream.url) + edge + config
  const server = await startTerrace({ ...rest, config: wholeConfig })
  const front = await startTlsFront({
    [REGISTRY]: server.url,
    [MIRROR]: server.url,
    [UPSTREAM]: upstream.url,
    [IDN_UPSTREAM]: upstream.url,
  })
  const workspaces: TerraformWorkspace[] = []
  const close = async (): Promise<void> => {
    for (const workspace of workspaces) workspace.remove()
    await Promise.all([front.close(), server.close(), upstream.close()])
  }
  return {
    server,
    config: wholeConfig,
    api: createRegistryApi(server),
    upstream,
    front,
    workspace(workspaceOptions) {
      const workspace = createWorkspace({ ...workspaceOptions, front })
      workspaces.push(workspace)
      return workspace
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Configuration by which the server finds the upstream under its made-up names. */
export const upstreamConfig = (url: string): string => `
  outbound {
    allowed_networks = ["127.0.0.0/8"]
  }
  upstream "${UPSTREAM}" {
    url = "${url}"
  }
  upstream "${IDN_UPSTREAM}" {
    url = "${url}"
  }
`
