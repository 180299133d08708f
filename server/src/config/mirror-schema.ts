import { Type } from 'typebox'
import { flag, section, textList, wholeNumber } from './config-fields.ts'

const DAY_SECONDS = 86_400

const signingKeySource = section('An address from which a signing key is refreshed.', {
  scope: Type.String({ description: 'What the key may sign: `HOST/NAMESPACE` or `HOST/NAMESPACE/TYPE`.', minLength: 1 }),
  url: Type.String({ description: 'Address of the ASCII-armored public key.', minLength: 1 }),
  fingerprints: Type.Array(Type.String(), {
    description: 'Fingerprints of the primary keys that may come from there, 40 hexadecimal digits each. Any other key changes nothing.',
    minItems: 1,
  }),
})

/** The section `mirror`. */
export const mirror = section('Providers of upstreams.', {
  upstreams: textList({
    description: 'Hosts whose providers and modules are fetched on demand, with `features.auto_download_…`.',
    default: ['registry.terraform.io', 'registry.opentofu.org'],
  }),
  sealed: flag({
    description:
      'Never ask an upstream, for an air gap: no registry, no download, no git, no key refresh. What is missing comes in by `terrace bundle import`. Services of the house (sign-in, CI issuers, mail, Redis) are asked as before.',
    default: false,
  }),
  scheduler_interval_minutes: wholeNumber({
    description: 'How often the schedule of mirrors is looked at.',
    unit: 'minutes',
    default: 10,
    minimum: 1,
    maximum: 1440,
  }),
  version_list_fresh_seconds: wholeNumber({
    description: 'Age up to which the version list of an upstream is used without asking again; after it, it is renewed in the background.',
    unit: 'seconds',
    default: 300,
    minimum: 1,
    maximum: DAY_SECONDS,
  }),
  version_list_max_age_hours: wholeNumber({
    description: 'Age from which an answer waits for a new version list; an older one is used only while the upstream fails.',
    unit: 'hours',
    default: 24,
    minimum: 1,
    maximum: 8760,
  }),
  quarantine_hours: wholeNumber({
    description:
      'How long a package that failed its verification is not fetched again by a schedule or for a client. An administrator may try again at any time.',
    unit: 'hours',
    default: 24,
    minimum: 0,
    maximum: 8760,
  }),
  signing_key_sources: Type.Array(signingKeySource, {
    description:
      'Addresses that signing keys are refreshed from, while a mirror of their upstream is set up. Keys with these fingerprints are trusted at first sight, others wait for an administrator.',
    default: [
      {
        scope: 'registry.terraform.io/hashicorp',
        url: 'https://www.hashicorp.com/.well-known/pgp-key.txt',
        fingerprints: ['C874011F0AB405110D02105534365D9472D7468F'],
      },
    ],
    defaultNote: "HashiCorp's key for `registry.terraform.io/hashicorp`",
  }),
  signing_key_refresh_hours: wholeNumber({
    description: 'How often each of these addresses is asked.',
    unit: 'hours',
    default: 24,
    minimum: 1,
    maximum: 8760,
  }),
  unsigned: textList({
    description:
      'What is taken without a signature when its upstream gives none: `HOST`, `HOST/NAMESPACE` or `HOST/NAMESPACE/TYPE`. A wrong signature is refused all the same.',
  }),
  cool_down_days: wholeNumber({
    description: 'Age that a version must have before it is mirrored; when its upstream tells no date, since it was first listed here.',
    unit: 'days',
    default: 0,
    minimum: 0,
    maximum: 365,
  }),
  approvals_needed: wholeNumber({
    description: 'People who must approve what a mirror policy wants approved; with 2, nobody approves what they asked for.',
    default: 1,
    minimum: 1,
    maximum: 2,
  }),
})

/** `upstream`: one host. */
export const upstreamHost = section('Another way to one upstream registry.', {
  url: Type.Optional(Type.String({ description: 'Address that is asked instead of `https://HOST`, for example a proxy of your own.' })),
  ca_file: Type.Optional(
    Type.String({ description: 'CA certificates in PEM that are trusted for this upstream, beside the usual ones.', filePath: true }),
  ),
  expired_keys: Type.Optional(
    Type.Enum(['warn', 'refuse'], { description: 'The same as `providers.expired_keys`, for this upstream only.' }),
  ),
})
