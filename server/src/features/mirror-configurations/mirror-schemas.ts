import { Type } from 'typebox'
import { JobView } from '../mirror/index.ts'

const Texts = (description: string, maxItems = 1000) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), { description, maxItems })
const Time = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])

const settings = {
  upstream: Type.String({ minLength: 1, maxLength: 253, description: 'Host name of the upstream, for example registry.terraform.io' }),
  namespaces: Texts('Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so'),
  providers: Texts('NAMESPACE/TYPE; NAMESPACE/* means the namespace'),
  versions: Texts('Version constraints, of which one must match; empty: every version', 100),
  platforms: Texts('OS_ARCH; empty: every platform that the upstream offers', 100),
  keep_newest: Type.Union([Type.Integer({ minimum: 1, maximum: 10_000 }), Type.Null()], {
    description: 'Bring only so many newest versions of each provider; what is held already is never removed by this',
  }),
  cool_down_days: Type.Integer({ minimum: 0, maximum: 3650, description: 'Age that a version must have before it is brought' }),
  prereleases: Type.Boolean({ description: 'Bring pre-releases too; for the constraints one counts as its release' }),
  interval_hours: Type.Integer({ minimum: 1, maximum: 8760, description: 'How often the schedule runs it' }),
  enabled: Type.Boolean({ description: 'Whether the schedule runs it' }),
}

/** What a run is limited to. */
export const ScopeView = Type.Object(
  {
    provider: Type.Optional(Type.String({ minLength: 3, maxLength: 130, description: 'NAMESPACE/TYPE' })),
    version: Type.Optional(Type.String({ minLength: 5, maxLength: 200, description: 'One version of the provider' })),
  },
  { additionalProperties: false },
)

/** A mirror in answers. */
export const MirrorView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    organization: Type.String(),
    ...settings,
    next_run_at: Time,
    failures: Type.Integer({ description: 'Runs in a row that failed because of the upstream; each makes the pause longer' }),
    current_job_id: Type.Union([Type.String(), Type.Null()], { description: 'Job of the last run' }),
    created_at: Type.String({ format: 'date-time' }),
    created_by: Type.String(),
  },
  { $id: 'Mirror' },
)

/** Body of a creation. */
export const CreateBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    organization: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Name of its owner; default: default' })),
    ...Type.Partial(Type.Object(settings)).properties,
    upstream: settings.upstream,
  },
  {
    additionalProperties: false,
    examples: [
      {
        name: 'utilities',
        upstream: 'registry.terraform.io',
        providers: ['hashicorp/random'],
        versions: ['~> 3.7'],
        platforms: ['linux_amd64'],
      },
    ],
  },
)

/** Body of a change. */
export const ChangeBody = Type.Partial(Type.Object(settings), {
  additionalProperties: false,
  examples: [{ interval_hours: 12 }],
  minProperties: 1,
})

/** Body of what concerns a part of a mirror. */
export const ScopeBody = Type.Object(
  { scope: Type.Optional(ScopeView) },
  { additionalProperties: false, examples: [{ scope: { provider: 'hashicorp/random', version: '3.7.0' } }] },
)

/** Path of a mirror. */
export const MirrorParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'Id or name of the mirror' }) })

/** What was left out, in answers. */
export const LeftOutView = Type.Array(
  Type.Object({
    reason: Type.String({
      description:
        'constraint, prerelease, platform or keep_newest: settings of the mirror; cool_down; policy: a mirror policy; deleted: somebody deleted it here; quarantine: it failed its verification lately',
    }),
    providers: Type.Integer({ description: 'Providers of which something was left out' }),
    versions: Type.Integer({ description: 'Versions; those of providers that a policy keeps out as a whole are not counted' }),
    examples: Type.Array(Type.Object({ provider: Type.String(), versions: Type.Array(Type.String()), why: Type.String() }), {
      description: 'Some of them, the newest versions first',
    }),
  }),
  { description: 'What the upstream offers and the run leaves, by reason; what is held is not among it' },
)

/** A run in answers. */
export const RunView = Type.Object(
  {
    run: Type.Integer(),
    job_id: Type.String(),
    state: Type.String({ description: 'running, completed, failed or cancelled' }),
    started_because: Type.String({ description: 'schedule or manual' }),
    started_by: Type.String(),
    scope: ScopeView,
    started_at: Type.String({ format: 'date-time' }),
    finished_at: Time,
    packages: Type.Integer(),
    fetched: Type.Integer(),
    failed: Type.Integer(),
    bytes: Type.Integer(),
    errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String(), count: Type.Integer() })),
    left_out: LeftOutView,
  },
  { $id: 'MirrorRun' },
)

/** How a mirror is doing. */
export const StatusView = Type.Object({
  mirror: MirrorView,
  state: Type.String({ description: 'idle, running, paused or failing' }),
  job: Type.Union([JobView, Type.Null()], { description: 'The last run, as it is now' }),
  versions_seen: Type.Integer({ description: 'Versions that runs have found to bring or to wait for' }),
  versions_brought: Type.Integer(),
})
