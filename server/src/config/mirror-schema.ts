import { flag, section, textList, wholeNumber } from './config-fields.ts'

const DAY_SECONDS = 86_400

/** The section `mirror`. */
export const mirror = section('Providers of upstreams.', {
  upstreams: textList({
    description: 'Host names whose providers are fetched on demand, with `features.auto_download_providers`.',
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
